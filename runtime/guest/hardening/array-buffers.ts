/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
/**
 * Takes away what escapes the isolate's memory limit or blocks its thread: resizable and growable buffers, `Atomics.wait`.
 * V8 charges a buffer of fixed length to the isolate, but not the growth of a resizable one.
 *
 * Invariant: afterwards nothing that user code can reach leads to an original constructor: it is not the `constructor` of the
 * prototype, nor the species, nor the parent of the replacement.
 */
const { construct, defineProperty, deleteProperty } = Reflect
const OriginalArrayBuffer = globalThis.ArrayBuffer
const originalTransfer = ArrayBuffer.prototype.transfer
const getByteLength = Reflect.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as () => number
const { apply } = Reflect
const setBytes = Uint8Array.prototype.set
const OriginalUint8Array = Uint8Array
const weakGet = WeakMap.prototype.get
const weakSet = WeakMap.prototype.set

/**
 * The object that memory came in, by that which has it now. isolated-vm charges the isolate for memory that the host handed over until that
 * object is collected, wherever the memory is by then: so it has to stay as long.
 */
const firstOwners = new WeakMap<ArrayBuffer, ArrayBuffer>()

/** Done when the snapshot is built. */
export function hardenArrayBuffers(): void {
  const prototype = OriginalArrayBuffer.prototype
  /** https://tc39.es/ecma262/#sec-arraybuffer-constructor, without `maxByteLength`. */
  function ArrayBuffer(this: unknown, length?: unknown): object {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'")
    return construct(OriginalArrayBuffer, [length], new.target) as object
  }
  defineProperty(ArrayBuffer, 'name', { value: 'ArrayBuffer', writable: false, enumerable: false, configurable: true })
  defineProperty(ArrayBuffer, 'prototype', { value: prototype, writable: false, enumerable: false, configurable: false })
  defineProperty(ArrayBuffer, 'isView', { value: OriginalArrayBuffer.isView, writable: true, enumerable: false, configurable: true })
  defineProperty(ArrayBuffer, Symbol.species, {
    get: function species(this: unknown) { return this },
    enumerable: false, configurable: true,
  })
  const transferMethods = {
    transfer(this: ArrayBuffer, newLength?: unknown) { return transfer(this, newLength) },
    transferToFixedLength(this: ArrayBuffer, newLength?: unknown) { return transfer(this, newLength) },
  }
  defineProperty(prototype, 'constructor', { value: ArrayBuffer, writable: true, enumerable: false, configurable: true })
  for (const [name, value] of Object.entries(transferMethods)) {
    defineProperty(prototype, name, { value, writable: true, enumerable: false, configurable: true })
  }
  deleteProperty(prototype, 'resize')
  defineProperty(globalThis, 'ArrayBuffer', { value: ArrayBuffer, writable: true, enumerable: false, configurable: true })
}

/** https://tc39.es/ecma262/#sec-arraybuffercopyanddetach: another length makes a new buffer, which the isolate is charged for. */
function transfer(buffer: ArrayBuffer, newLength: unknown): ArrayBuffer {
  const length = apply(getByteLength, buffer, [])
  const wanted = newLength === undefined ? length : Math.trunc(Number(newLength)) || 0
  if (wanted === length) {
    const moved: ArrayBuffer = apply(originalTransfer, buffer, [])
    apply(weakSet, firstOwners, [moved, apply(weakGet, firstOwners, [buffer]) ?? buffer])
    return moved
  }
  const grown = new OriginalArrayBuffer(wanted)
  const kept = new OriginalUint8Array(buffer, 0, Math.min(length, wanted))
  apply(setBytes, new OriginalUint8Array(grown), [kept])
  apply(originalTransfer, buffer, [])
  return grown
}

/**
 * Done in the running isolate: V8 adds these when a snapshot is restored. A shared buffer of fixed length is charged to the isolate like
 * any other, and shared with nobody: it is there for code that asks for the type. One that grows would not be charged.
 */
export function hardenSharedMemory(): void {
  const Original = sharedArrayBuffer()
  // While the snapshot is built there is none.
  if (Original === undefined) return
  const { prototype } = Original
  /** https://tc39.es/ecma262/#sec-sharedarraybuffer-constructor, without `maxByteLength`. */
  const SharedArrayBuffer = function (this: unknown, length?: unknown): object {
    if (new.target === undefined) throw new TypeError("Constructor SharedArrayBuffer requires 'new'")
    return construct(Original, [length], new.target) as object
  }
  defineProperty(SharedArrayBuffer, 'name', { value: 'SharedArrayBuffer', writable: false, enumerable: false, configurable: true })
  defineProperty(SharedArrayBuffer, 'prototype', { value: prototype, writable: false, enumerable: false, configurable: false })
  defineProperty(SharedArrayBuffer, Symbol.species, {
    get: function species(this: unknown) { return this },
    enumerable: false, configurable: true,
  })
  defineProperty(prototype, 'constructor', { value: SharedArrayBuffer, writable: true, enumerable: false, configurable: true })
  deleteProperty(prototype, 'grow')
  defineProperty(globalThis, 'SharedArrayBuffer', { value: SharedArrayBuffer, writable: true, enumerable: false, configurable: true })
  deleteProperty(Atomics, 'wait')
  deleteProperty(Atomics, 'waitAsync')
}

function sharedArrayBuffer(): SharedArrayBufferConstructor | undefined {
  const { SharedArrayBuffer } = globalThis as { SharedArrayBuffer?: SharedArrayBufferConstructor }
  return SharedArrayBuffer
}
