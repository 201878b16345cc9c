// Compresses for ever, on the thread pool.
export default {
  async fetch() {
    const noise = crypto.getRandomValues(new Uint8Array(65_536))
    const { readable, writable } = new CompressionStream('gzip')
    const writer = writable.getWriter()
    const drained = readable.pipeTo(new WritableStream())
    for (;;) await Promise.race([writer.write(noise), drained])
  },
}
