// Growth that the engine does not charge: there must be no way to it.
export default {
  fetch() {
    const room = { maxByteLength: 1 << 30 }
    const ways = [
      () => new ArrayBuffer(8, room),
      () => Reflect.construct(ArrayBuffer, [8, room], Object),
      () => Reflect.construct(Object.getPrototypeOf(Int8Array.prototype).constructor === undefined ? ArrayBuffer : new Int8Array(1).buffer.constructor, [8, room]),
      () => new SharedArrayBuffer(8, room),
      () => new (new SharedArrayBuffer(8).slice(0).constructor)(8, room),
      () => new WebAssembly.Memory({ initial: 1, maximum: 10 }).toResizableBuffer(),
      () => structuredClone(new ArrayBuffer(8, room)),
      () => new (Function('return ArrayBuffer')())(8, room),
      () => Object.setPrototypeOf(new Uint8Array(8), ArrayBuffer.prototype).resize(1 << 20),
      () => ArrayBuffer.prototype.transfer.call(new ArrayBuffer(8, room), 16),
    ]
    const found = ways.filter((way) => {
      try {
        const buffer = way()
        return buffer.resizable === true || buffer.growable === true || typeof buffer.resize === 'function' || typeof buffer.grow === 'function'
      } catch {
        return false
      }
    })
    return new Response(found.length === 0 ? 'contained' : found.join('\n'))
  },
}
