// One function so large that compiling it takes long: there is no interrupt in a compiler.
function module(statements) {
  const size = (n) => [(n & 127) | 128, ((n >> 7) & 127) | 128, ((n >> 14) & 127) | 128, n >> 21]
  const body = statements * 3 + 2
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, ...size(body + 5), 1, ...size(body), 0]
  const bytes = new Uint8Array(head.length + body - 1)
  bytes.set(head)
  for (let at = head.length; at < bytes.length - 1; at += 3) bytes.set([65, 0, 26], at)
  bytes[bytes.length - 1] = 11
  return bytes
}
export default {
  fetch() {
    const bytes = module(2_400_000)
    for (;;) new WebAssembly.Instance(new WebAssembly.Module(bytes))
  },
}
