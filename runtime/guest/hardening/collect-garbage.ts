/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
/**
 * Nothing inside asks V8 to collect garbage, but a buffer does so that takes more than half of what the isolate may have: then V8 collects all of it
 * before it goes on, in a few milliseconds where little lives. The buffer is given back at once. Where it does not fit, the allocator
 * has collected too, at greater length.
 *
 * What the running turn made, or looked at through a WeakRef, stays until the turn is over.
 */
const OriginalArrayBuffer = ArrayBuffer
const { transfer } = ArrayBuffer.prototype
const { apply } = Reflect
const { floor } = Math
const share = 0.55

/** @param memoryMb limit of the isolate */
export function collectGarbage(memoryMb: number): void {
  try {
    const buffer = new OriginalArrayBuffer(floor(memoryMb * 1024 * 1024 * share))
    apply(transfer, buffer, [0])
  } catch {
    // There was no room for it.
  }
}
