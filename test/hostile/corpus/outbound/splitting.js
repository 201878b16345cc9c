// A second request inside the first.
export default {
  async fetch(request, env) {
    const breaks = ['a\r\nx-injected: 1', 'a\nx-injected: 1', 'a\u010dx-injected: 1', 'a\u0000b', 'a\r\n\r\nGET /seen HTTP/1.1\r\n']
    const found = []
    for (const text of breaks) {
      for (const way of [() => fetch(`${env.ORIGIN}seen`, { headers: { 'x-a': text } }), () => fetch(`${env.ORIGIN}seen`, { headers: { [text]: 'a' } }), () => fetch(`${env.ORIGIN}seen`, { method: text }), () => fetch(`${env.ORIGIN}seen?${text}`), () => fetch(`${env.ORIGIN}seen`, { method: 'POST', body: 'x', headers: { 'content-type': text } })]) {
        const seen = await Promise.resolve().then(way).then((answer) => answer.text(), () => '')
        if (/"x-injected"/i.test(seen)) found.push(JSON.stringify(text))
      }
    }
    for (const method of ['CONNECT', 'TRACE', 'TRACK', 'connect']) {
      await fetch(env.ORIGIN, { method }).then(() => found.push(method), () => {})
    }
    return new Response(found.length === 0 ? 'contained' : found.join())
  },
}
