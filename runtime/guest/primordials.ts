/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
/**
 * Built-ins as they were before a function's code ran, for the places where a patched prototype would break an invariant of
 * the guest (brand checks of buffers, copies of bytes, the hardened constructors). Depends on nothing.
 */
const { apply, construct, getOwnPropertyDescriptor, getPrototypeOf } = Reflect

/** A getter as a function of its receiver; it throws a TypeError on the wrong receiver, which makes it a brand check. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what the getter gives
function getterOf<T>(prototype: object, key: PropertyKey): (receiver: unknown) => T {
  const getter = getOwnPropertyDescriptor(prototype, key)?.get
  if (getter === undefined) throw new TypeError(`no getter ${String(key)}`)
  return (receiver) => apply(getter, receiver, []) as T
}

const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype) as object

export const reflectApply = apply
export const arrayBufferByteLength = getterOf<number>(ArrayBuffer.prototype, 'byteLength')
/** The name of the typed array's class, or undefined for anything else. Never throws. */
export const typedArrayName = getterOf<string | undefined>(typedArrayPrototype, Symbol.toStringTag)
export const typedArrayBuffer = getterOf<ArrayBuffer>(typedArrayPrototype, 'buffer')
export const typedArrayByteOffset = getterOf<number>(typedArrayPrototype, 'byteOffset')
export const typedArrayByteLength = getterOf<number>(typedArrayPrototype, 'byteLength')
export const dataViewBuffer = getterOf<ArrayBuffer>(DataView.prototype, 'buffer')
export const dataViewByteOffset = getterOf<number>(DataView.prototype, 'byteOffset')
export const dataViewByteLength = getterOf<number>(DataView.prototype, 'byteLength')

const OriginalUint8Array = Uint8Array
const OriginalDataView = DataView
const { isView } = ArrayBuffer
const arrayBufferSlice = ArrayBuffer.prototype.slice
const arrayBufferTransfer = ArrayBuffer.prototype.transfer

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  if (typeof value !== 'object' || value === null) return false
  try {
    arrayBufferByteLength(value)
    return true
  } catch {
    return false
  }
}

export function sliceArrayBuffer(buffer: ArrayBuffer, start: number, end: number): ArrayBuffer {
  return apply(arrayBufferSlice, buffer, [start, end])
}

/** Detaches `buffer`; its bytes live on in the answer. */
export function transferArrayBuffer(buffer: ArrayBuffer): ArrayBuffer {
  return apply(arrayBufferTransfer, buffer, [])
}

/** A copy of a BufferSource that nobody else can reach, or undefined where the value is none. Safe from patched prototypes. */
export function copyOfBytes(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  const view = viewBytes(value)
  return view === undefined ? undefined : new OriginalUint8Array(view)
}

/** The bytes of a BufferSource without copying, or undefined where the value is none. Shared memory is none. */
export function viewBytes(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  const view = viewBytesAllowingShared(value)
  return view !== undefined && isArrayBuffer(typedArrayBuffer(view)) ? (view as Uint8Array<ArrayBuffer>) : undefined
}

/** As `viewBytes`, for what https://webidl.spec.whatwg.org/#AllowShared marks. A detached buffer has no bytes. */
export function viewBytesAllowingShared(value: unknown): Uint8Array | undefined {
  if (typedArrayName(value) !== undefined) return viewPart(typedArrayBuffer(value), typedArrayByteOffset(value), typedArrayByteLength(value))
  if (isView(value)) return viewPart(dataViewBuffer(value), dataViewByteOffset(value), dataViewByteLength(value))
  if (isArrayBuffer(value)) return viewPart(value, 0, arrayBufferByteLength(value))
  return isSharedBuffer(value) ? new OriginalUint8Array(value) : undefined
}

/** No view of a detached buffer can be made; it is empty like others. */
function viewPart(buffer: ArrayBuffer, byteOffset: number, byteLength: number): Uint8Array {
  return byteLength === 0 ? new OriginalUint8Array(0) : new OriginalUint8Array(buffer, byteOffset, byteLength)
}

/** There is no such class while the snapshot is built, so that its getters can not be captured: the engine's own check is asked. */
export function isSharedBuffer(value: unknown): value is SharedArrayBuffer {
  if (typeof value !== 'object' || value === null) return false
  try {
    construct(OriginalDataView, [value])
    return true
  } catch {
    return false
  }
}
