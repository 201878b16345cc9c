// Bytes that are taken away, or lied about, while the platform works on them.
const typed = Object.getPrototypeOf(Uint8Array.prototype)
export default {
  async fetch() {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt'])
    const found = []
    const detach = (bytes) => structuredClone(bytes, { transfer: [bytes.buffer] })
    const ways = [
      () => { const bytes = new Uint8Array(100_000); const done = crypto.subtle.digest('SHA-256', bytes); detach(bytes); return done },
      () => { const bytes = new Uint8Array(16); return crypto.subtle.encrypt({ name: 'AES-GCM', get iv() { detach(bytes); return new Uint8Array(12) } }, key, bytes) },
      () => { const bytes = new Uint8Array(8); detach(bytes); return crypto.getRandomValues(bytes) },
      () => new TextDecoder().decode(Object.defineProperty(new Uint8Array(4), 'byteLength', { value: 1e9 })),
      () => new TextDecoder().decode(Object.setPrototypeOf(new Uint8Array(4), { length: 1e9, byteLength: 1e9, buffer: new ArrayBuffer(1) })),
      () => new Blob([new DataView(new ArrayBuffer(8), 2, 4)]).arrayBuffer(),
      () => { const bytes = new Uint8Array(9); return new Response(bytes, { get headers() { detach(bytes); return {} } }).arrayBuffer() },
    ]
    for (const way of ways) {
      const result = await Promise.resolve().then(way).catch(() => undefined)
      const length = result?.byteLength ?? result?.length ?? 0
      if (length > 64) found.push(`${length} bytes of ${String(way).slice(0, 60)}`)
    }
    // What every typed array says of itself is a lie from now on.
    const { get } = Object.getOwnPropertyDescriptor(typed, 'byteLength')
    Object.defineProperty(typed, 'byteLength', { get() { return get.call(this) + 4_096 } })
    Object.defineProperty(typed, 'byteOffset', { get: () => 0 })
    Object.defineProperty(typed, 'length', { get: () => 8_192 })
    const lied = [() => new TextEncoder().encode('x'.repeat(10)), async () => new Uint8Array(await crypto.subtle.digest('SHA-1', new Uint8Array(4)))]
    for (const way of lied) {
      const bytes = await Promise.resolve().then(way).catch(() => undefined)
      if (bytes === undefined) continue
      const actual = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get.call(bytes.buffer)
      if (actual > 64) found.push(`a buffer of ${actual}`)
    }
    return new Response(found.length === 0 ? 'contained' : found.join('\n'))
  },
}
