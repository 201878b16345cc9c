// Machine code, which no heap holds.
function module(functions) {
  const size = (n) => [(n & 127) | 128, ((n >> 7) & 127) | 128, n >> 14]
  const body = Array(200).fill([65, 0, 26]).flat()
  const code = [...size(body.length + 2), 0, ...body, 11]
  const codes = Array(functions).fill(code).flat()
  return Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, ...size(functions + 3), ...size(functions), ...Array(functions).fill(0), 10, ...size(codes.length + 3), ...size(functions), ...codes])
}
export default {
  fetch() {
    const bytes = module(1_000)
    const kept = []
    for (;;) kept.push(new WebAssembly.Instance(new WebAssembly.Module(bytes)))
  },
}
