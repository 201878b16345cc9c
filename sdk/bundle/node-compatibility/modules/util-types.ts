/** `node:util/types`: by the brand checks of the language where it has one, by name where it has none. */
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice('[object '.length, -1)
const { getPrototypeOf } = Object
const typedArrayTag = Object.getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag)?.get

/** A check by a method or getter that refuses whatever is not its own. */
function brand(method: ((...parameters: never[]) => unknown) | undefined, ...parameters: unknown[]): (value: unknown) => boolean {
  return (value) => {
    if (typeof value !== 'object' || value === null || method === undefined) return false
    try {
      Reflect.apply(method, value, parameters)
      return true
    } catch {
      return false
    }
  }
}

const getter = (prototype: object, key: PropertyKey): (() => unknown) | undefined => Object.getOwnPropertyDescriptor(prototype, key)?.get
const nameOfTypedArray = (value: unknown): unknown => (ArrayBuffer.isView(value) && typedArrayTag ? Reflect.apply(typedArrayTag, value, []) : undefined)
const typedArrayOf = (name: string) => (value: unknown): boolean => nameOfTypedArray(value) === name
const tagged = (name: string) => (value: unknown): boolean => typeof value === 'object' && value !== null && tagOf(value) === name
const probe = {}

export const isDate = brand(Date.prototype.getTime)
export const isMap = brand(getter(Map.prototype, 'size'))
export const isSet = brand(getter(Set.prototype, 'size'))
export const isWeakMap = brand(WeakMap.prototype.has, probe)
export const isWeakSet = brand(WeakSet.prototype.has, probe)
export const isArrayBuffer = brand(getter(ArrayBuffer.prototype, 'byteLength'))
export const isSharedArrayBuffer = tagged('SharedArrayBuffer')
export const isAnyArrayBuffer = (value: unknown): boolean => isArrayBuffer(value) || isSharedArrayBuffer(value)
export const isDataView = brand(getter(DataView.prototype, 'byteLength'))
export const isNumberObject = brand(Number.prototype.valueOf)
export const isStringObject = brand(String.prototype.valueOf)
export const isBooleanObject = brand(Boolean.prototype.valueOf)
export const isSymbolObject = brand(Symbol.prototype.valueOf)
export const isBigIntObject = brand(BigInt.prototype.valueOf)
export const isBoxedPrimitive = (value: unknown): boolean =>
  [isNumberObject, isStringObject, isBooleanObject, isSymbolObject, isBigIntObject].some((check) => check(value))
export const isRegExp = (value: unknown): boolean => isOwn(value, RegExp.prototype) && tagOf(value) === 'RegExp'
export const isPromise = (value: unknown): boolean => value instanceof Promise
export const isNativeError = (value: unknown): boolean => Error.isError(value)
export const isMapIterator = tagged('Map Iterator')
export const isSetIterator = tagged('Set Iterator')
export const isGeneratorObject = (value: unknown): boolean => tagged('Generator')(value) || tagged('AsyncGenerator')(value)
export const isModuleNamespaceObject = tagged('Module')
export const isArgumentsObject = tagged('Arguments')
/** Functions that a bundle with AsyncLocalStorage has lowered are not told. */
export const isAsyncFunction = (value: unknown): boolean => typeof value === 'function' && /^Async(?:Generator)?Function$/.test(tagOf(value))
export const isGeneratorFunction = (value: unknown): boolean => typeof value === 'function' && /^(?:Async)?GeneratorFunction$/.test(tagOf(value))
export const isExternal = (): boolean => false
/** The language does not tell a proxy from what it stands for. */
export const isProxy = (): boolean => false
export const isArrayBufferView = (value: unknown): boolean => ArrayBuffer.isView(value)
export const isTypedArray = (value: unknown): boolean => nameOfTypedArray(value) !== undefined
export const isUint8Array = typedArrayOf('Uint8Array')
export const isUint8ClampedArray = typedArrayOf('Uint8ClampedArray')
export const isUint16Array = typedArrayOf('Uint16Array')
export const isUint32Array = typedArrayOf('Uint32Array')
export const isInt8Array = typedArrayOf('Int8Array')
export const isInt16Array = typedArrayOf('Int16Array')
export const isInt32Array = typedArrayOf('Int32Array')
export const isFloat16Array = typedArrayOf('Float16Array')
export const isFloat32Array = typedArrayOf('Float32Array')
export const isFloat64Array = typedArrayOf('Float64Array')
export const isBigInt64Array = typedArrayOf('BigInt64Array')
export const isBigUint64Array = typedArrayOf('BigUint64Array')
export const isCryptoKey = (value: unknown): boolean => value instanceof CryptoKey
export const isKeyObject = tagged('KeyObject')

function isOwn(value: unknown, prototype: object): boolean {
  return typeof value === 'object' && value !== null && prototype.isPrototypeOf(value)
}
