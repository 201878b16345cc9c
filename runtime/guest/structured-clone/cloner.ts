/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
import { blobBytes, blobFromBytes, File, isBlob, isFile } from '../blob/index.ts'
import { cloneKey } from '../crypto/index.ts'
import { DOMException } from '../dom-exception.ts'
import {
  arrayBufferByteLength,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  isArrayBuffer,
  isSharedBuffer,
  reflectApply,
  sliceArrayBuffer,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayName,
} from '../primordials.ts'
import { QuotaExceededError } from '../quota-exceeded-error.ts'
import { isPlatformPrototype, toDomString } from '../webidl.ts'

const errorTypes = new Map<unknown, ErrorConstructor>(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
)
/** Throws on what is no RegExp, and touches nothing (`exec` would move `lastIndex`). */
const regExpSource = Reflect.getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get as () => string
const uncloneable = [Promise, WeakMap, WeakSet, WeakRef, FinalizationRegistry] as const
const typedArrays = new Map<string, new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView>(
  [
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
    Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array,
  ].map((type) => [type.name, type]),
)

/**
 * https://html.spec.whatwg.org/#structuredserializeinternal and its reverse in one pass, since both ends are the same realm.
 * One Cloner makes one clone: it remembers which object became which.
 */
export class Cloner {
  readonly #memory = new Map<object, object>()

  /** What stands for an object that is transferred instead of cloned. */
  replace(value: object, receiver: object): void {
    this.#memory.set(value, receiver)
  }

  clone(value: unknown): unknown {
    if (typeof value === 'symbol' || typeof value === 'function') throw notCloneable(value)
    if (typeof value !== 'object' || value === null) return value
    return this.#memory.get(value) ?? this.#cloneObject(value)
  }

  #remember<T extends object>(value: object, clone: T): T {
    this.#memory.set(value, clone)
    return clone
  }

  #cloneObject(value: object): object {
    if (Array.isArray(value)) return this.#cloneProperties(value, this.#remember(value, [] as object), value.length)
    const prototype = Reflect.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) {
      if (Object.prototype.toString.call(value) === '[object Object]') return this.#cloneProperties(value, this.#remember(value, {}))
    }
    return this.#cloneBuffer(value) ?? this.#cloneCollection(value) ?? this.#cloneValueObject(value) ?? this.#cloneOther(value)
  }

  #cloneBuffer(value: object): object | undefined {
    if (isArrayBuffer(value)) {
      if (value.detached) throw new DOMException('An ArrayBuffer is detached and could not be cloned', 'DataCloneError')
      return this.#remember(value, sliceArrayBuffer(value, 0, arrayBufferByteLength(value)))
    }
    const name = typedArrayName(value)
    if (name !== undefined) {
      const type = typedArrays.get(name)
      if (type === undefined) throw notCloneable(value)
      const buffer = this.clone(typedArrayBuffer(value)) as ArrayBuffer
      const bytesPerElement = (type as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT
      return this.#remember(value, new type(buffer, typedArrayByteOffset(value), typedArrayByteLength(value) / bytesPerElement))
    }
    if (!ArrayBuffer.isView(value)) return undefined
    const buffer = this.clone(dataViewBuffer(value)) as ArrayBuffer
    return this.#remember(value, new DataView(buffer, dataViewByteOffset(value), dataViewByteLength(value)))
  }

  #cloneCollection(value: object): object | undefined {
    if (value instanceof Map && accepts(Map.prototype.has, value)) {
      const clone = this.#remember(value, new Map<unknown, unknown>())
      // Copied first: cloning the entries can run getters that change the map.
      for (const [key, entry] of Array.from(Map.prototype.entries.call(value))) clone.set(this.clone(key), this.clone(entry))
      return clone
    }
    if (value instanceof Set && accepts(Set.prototype.has, value)) {
      const clone = this.#remember(value, new Set<unknown>())
      for (const entry of Array.from(Set.prototype.values.call(value))) clone.add(this.clone(entry))
      return clone
    }
    return undefined
  }

  #cloneValueObject(value: object): object | undefined {
    if (value instanceof Date && accepts(Date.prototype.getTime, value)) {
      return this.#remember(value, new Date(Date.prototype.getTime.call(value)))
    }
    if (value instanceof RegExp && accepts(regExpSource, value)) return this.#remember(value, new RegExp(value.source, value.flags))
    for (const type of [Boolean, Number, String, BigInt]) {
      if (value instanceof type && accepts(type.prototype.valueOf, value)) {
        return this.#remember(value, Object(reflectApply(type.prototype.valueOf, value, [])) as object)
      }
    }
    return undefined
  }

  #cloneOther(value: object): object {
    if (value instanceof DOMException) return this.#remember(value, cloneDomException(value))
    if (value instanceof Error) return this.#cloneError(value)
    if (isFile(value)) {
      const { name, type, lastModified } = value
      return this.#remember(value, new File([blobFromBytes(blobBytes(value), type)], name, { type, lastModified }))
    }
    if (isBlob(value)) return this.#remember(value, blobFromBytes(blobBytes(value), (value).type))
    const key = cloneKey(value)
    if (key !== undefined) return this.#remember(value, key)
    // https://html.spec.whatwg.org/#structuredserializeinternal, step 13.1: shared memory goes nowhere without cross-origin isolation.
    const isSpecial = value instanceof Symbol || isSharedBuffer(value) || uncloneable.some((type) => value instanceof type) || isPlatformObject(value)
    if (isSpecial) throw notCloneable(value)
    return this.#cloneProperties(value, this.#remember(value, {}))
  }

  /** Step 17: name, message and, as all engines do, stack and cause. */
  #cloneError(value: Error): object {
    const type = errorTypes.get(value.name) ?? Error
    const message = Reflect.getOwnPropertyDescriptor(value, 'message')
    const clone = new type()
    this.#remember(value, clone)
    if (message !== undefined && 'value' in message) defineHidden(clone, 'message', toDomString(message.value))
    if (typeof value.stack === 'string') defineHidden(clone, 'stack', value.stack)
    const cause = Reflect.getOwnPropertyDescriptor(value, 'cause')
    if (cause !== undefined && 'value' in cause) defineHidden(clone, 'cause', this.clone(cause.value))
    return clone
  }

  #cloneProperties(value: object, clone: object, length?: number): object {
    if (length !== undefined) (clone as unknown[]).length = length
    for (const key of Object.keys(value)) {
      // A getter that ran before may have deleted it.
      if (!Object.hasOwn(value, key)) continue
      const entry = this.clone((value as Record<string, unknown>)[key])
      if (key === '__proto__') Object.defineProperty(clone, key, { value: entry, writable: true, enumerable: true, configurable: true })
      else (clone as Record<string, unknown>)[key] = entry
    }
    return clone
  }
}

/** https://webidl.spec.whatwg.org/#idl-DOMException, where its serialization steps are; the stack goes along, as with other errors. */
function cloneDomException(value: DOMException): DOMException {
  const { message, name, stack } = value
  const clone = value instanceof QuotaExceededError
    ? new QuotaExceededError(message, { quota: value.quota ?? undefined, requested: value.requested ?? undefined })
    : new DOMException(message, name)
  if (typeof stack === 'string') defineHidden(clone, 'stack', stack)
  return clone
}

/** Whether a method of a built-in accepts the object as its own: tells a clone one from `Object.create(Date.prototype)`. */
function accepts(method: (...parameters: never[]) => unknown, value: object): boolean {
  try {
    reflectApply(method, value, [])
    return true
  } catch {
    return false
  }
}

function isPlatformObject(value: object): boolean {
  for (let owner = Reflect.getPrototypeOf(value); owner !== null; owner = Reflect.getPrototypeOf(owner)) {
    if (isPlatformPrototype(owner)) return true
  }
  return false
}

function defineHidden(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true })
}

function notCloneable(value: unknown): DOMException {
  let text: string
  try {
    const shown = typeof value === 'symbol' ? value.toString() : typeof value === 'function' ? Function.prototype.toString.call(value) : '#<Object>'
    text = shown.slice(0, 80)
  } catch {
    text = 'The value'
  }
  return new DOMException(`${text} could not be cloned`, 'DataCloneError')
}
