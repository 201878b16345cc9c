// A cache that takes everything.
export default {
  async fetch() {
    const cache = await caches.open('heap')
    for (let n = 0; ; n++) await cache.put(`http://cache.test/${n}`, new Response(new Uint8Array(1e6)))
  },
}
