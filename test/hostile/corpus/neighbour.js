// A function that harms nobody, and notices where it is harmed. It holds what attackers would like to see.
let born
let requests = 0
const memory = []

export default {
  async fetch(request, env) {
    born ??= crypto.randomUUID()
    requests++
    const payload = new URL(request.url).searchParams.get('payload')
    memory.push(env.SECRET + payload)
    if (memory.length > 100) memory.shift()
    const cache = await caches.open('shared')
    if (requests === 1) await cache.put('http://cache.test/secret', new Response(env.SECRET))
    const cached = await (await cache.match('http://cache.test/secret'))?.text()
    const isClean = Object.keys(Object.prototype).length === 0 && globalThis.planted === undefined && cached === env.SECRET
    return Response.json({ id: env.ID, payload, born, isClean })
  },
}
