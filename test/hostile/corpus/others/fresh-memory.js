// Memory that was somebody's before: whatever is handed out has to be empty, or its own.
export default {
  async fetch() {
    const found = []
    const look = (bytes, what) => {
      const text = new TextDecoder('latin1').decode(new Uint8Array(bytes.buffer ?? bytes))
      if (text.includes('the-secret-of')) found.push(what)
    }
    for (let n = 0; n < 40; n++) {
      const size = 1 << (6 + (n % 14))
      const plain = new Uint8Array(size)
      if (plain.some((byte) => byte !== 0)) found.push(`${size} bytes that are not empty`)
      look(plain, 'a new buffer')
      look(new Uint8Array(new ArrayBuffer(size).transfer(size * 2)), 'a transferred buffer')
      look(new Uint8Array(new SharedArrayBuffer(size)), 'a shared buffer')
      look(new TextEncoder().encode('\u00fc'.repeat(size)), 'encoded text')
      look(await crypto.subtle.digest('SHA-256', plain), 'a digest')
      look(crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536))), 'random bytes')
    }
    new Uint8Array(new WebAssembly.Memory({ initial: 16 }).buffer).some((byte) => byte !== 0) && found.push('memory of WebAssembly')
    look(await new Response(new Blob(['x'.repeat(10_000)]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(), 'compressed bytes')
    return new Response(found.length === 0 ? 'contained' : found.join())
  },
}
