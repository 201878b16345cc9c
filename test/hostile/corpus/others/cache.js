// Asks the cache for what a neighbour put there, by the same name and address.
export default {
  async fetch() {
    const found = []
    for (const name of ['shared', 'default', '', '../shared', 'lane-a/shared', 'bystander']) {
      const cache = await caches.open(name)
      const answer = await cache.match('http://cache.test/secret')
      if (answer !== undefined) found.push(await answer.text())
      await cache.put('http://cache.test/secret', new Response('planted'))
    }
    return new Response(found.length === 0 ? 'contained' : found.join())
  },
}
