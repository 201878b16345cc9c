// An encoding with a table, in the host.
export default {
  fetch() {
    const bytes = new Uint8Array(1e6).fill(0x81)
    const decoder = new TextDecoder('gb18030')
    for (;;) decoder.decode(bytes)
  },
}
