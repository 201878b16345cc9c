// Decompressors that are begun and left.
export default {
  async fetch() {
    const half = Uint8Array.of(31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75)
    const begin = () => {
      const stream = new DecompressionStream('gzip')
      stream.readable.getReader().read().catch(() => {})
      return stream.writable.getWriter().write(half).then(() => 'begun', (error) => error.constructor.name)
    }
    const outcomes = await Promise.all(Array.from({ length: 600 }, begin))
    return new Response(outcomes.filter((outcome) => outcome === 'begun').length <= 256 ? 'contained' : 'begun')
  },
}
