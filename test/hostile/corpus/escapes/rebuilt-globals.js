// What was taken away or replaced must not come back from anywhere.
export default {
  fetch() {
    const found = []
    const pristine = { ArrayBuffer: new Int8Array(1).buffer.constructor, SharedArrayBuffer: new SharedArrayBuffer(1).constructor, eval: (0, eval)('this') }
    if (pristine.ArrayBuffer !== ArrayBuffer) found.push('ArrayBuffer')
    if (pristine.SharedArrayBuffer !== SharedArrayBuffer) found.push('SharedArrayBuffer')
    if (pristine.eval !== globalThis) found.push('another global object')
    delete globalThis.ArrayBuffer
    delete globalThis.SharedArrayBuffer
    delete globalThis.WebAssembly
    for (const name of ['ArrayBuffer', 'SharedArrayBuffer', 'WebAssembly']) if (globalThis[name] !== undefined) found.push(`${name} came back`)
    const species = Promise[Symbol.species]
    if (species !== Promise) found.push('species')
    for (const name of ['resize', 'grow', 'wait', 'waitAsync']) {
      for (const holder of [pristine.ArrayBuffer.prototype, pristine.SharedArrayBuffer.prototype, Atomics]) if (name in holder) found.push(name)
    }
    return new Response(found.length === 0 ? 'contained' : found.join())
  },
}
