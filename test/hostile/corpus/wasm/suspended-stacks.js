// Calls that wait for ever, each on a stack of its own: (import "m" "f" (func (result i32))) (func (export "g") (result i32) call 0)
const bytes = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 1, 10, 6, 1, 4, 0, 16, 0, 11,
)
const kept = []
export default {
  fetch() {
    const f = new WebAssembly.Suspending(() => new Promise(() => {}))
    const call = WebAssembly.promising(new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { f } }).exports.g)
    try {
      while (kept.length < 100_000) kept.push(call())
    } catch (error) {
      return new Response(error instanceof RangeError && kept.length <= 1_000 ? 'contained' : `${kept.length} ${error}`)
    }
    return new Response(`${kept.length} stacks`)
  },
}
