// Values that are one thing when they are checked, and another when they are used.
export default {
  async fetch(request, env) {
    let looks = 0
    const shifty = (first, then) => ({ toString: () => (looks++ % 2 === 0 ? first : then), valueOf: () => (looks++ % 2 === 0 ? 1 : 1e12) })
    const found = []
    const ways = [
      () => fetch(shifty(env.ORIGIN, env.FORBIDDEN)), () => fetch(new Request(shifty(env.ORIGIN, env.FORBIDDEN))), () => fetch(env.ORIGIN, { redirect: shifty('manual', 'follow'), method: shifty('GET', 'CONNECT') }),
      () => new WebSocket(shifty(env.ORIGIN.replace('http', 'ws'), env.FORBIDDEN.replace('http', 'ws'))), () => crypto.getRandomValues(new Proxy(new Uint8Array(8), {})), () => new Uint8Array(shifty('8', '1e12')),
      () => setTimeout(() => {}, shifty('1', '1e12')), () => new Response('x', { status: shifty('200', '101'), headers: { 'x-a': shifty('a', 'a\r\nb: c') } }),
      () => new TextDecoder(shifty('utf-8', '\0')), () => crypto.subtle.digest({ get name() { return looks++ % 2 === 0 ? 'SHA-1' : '__proto__' } }, new Uint8Array(8)),
      () => crypto.subtle.digest('constructor', new Uint8Array(8)), () => crypto.subtle.digest('__proto__', new Uint8Array(8)), () => crypto.subtle[shifty('digest', '__defineGetter__')]('toString', new Uint8Array(8)),
    ]
    for (const way of ways) {
      const outcome = await Promise.resolve().then(way).catch(() => undefined)
      if (outcome instanceof Response && (await outcome.text()) === 'inside') found.push('inside')
      if (outcome instanceof Response && outcome.headers.has('b')) found.push('injected')
    }
    return new Response(looks > 5 && found.length === 0 ? 'contained' : `${looks} ${found}`)
  },
}
