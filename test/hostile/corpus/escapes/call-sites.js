// Call sites know the functions below them, and what they were called on.
export default {
  async fetch(request, env) {
    const found = new Set()
    let frames = 0
    Error.stackTraceLimit = 100
    Error.prepareStackTrace = (_error, sites) => {
      for (const site of sites) {
        frames++
        const below = site.getFunction()
        const receiver = site.getThis()
        if (below !== undefined) found.add(`function ${site.getFunctionName()} of ${site.getFileName()}`)
        if (receiver !== undefined && receiver !== globalThis) found.add(`receiver of ${site.getFunctionName()}`)
        if (/^(file|node):|\/runtime\//.test(String(site.getFileName()) + site.getEvalOrigin())) found.add(`file ${site.getFileName()}`)
      }
      return ''
    }
    const look = () => void new Error('look').stack
    const spy = new Proxy({}, { get: look, has: look, ownKeys: () => (look(), []), getPrototypeOf: look })
    const ways = [
      () => new Headers(spy), () => new Response('', spy), () => new URL({ toString: () => (look(), 'http://a.test') }), () => console.log(spy),
      () => structuredClone({ get a() { return look() } }), () => new Request(env.ORIGIN, spy), () => fetch(spy), () => crypto.subtle.importKey('raw', new Uint8Array(1), spy, false, []),
      () => new ReadableStream({ start: look, pull: look }), () => new EventTarget().addEventListener('x', spy, spy), () => setTimeout(look), () => queueMicrotask(look),
      () => new FormData().append('a', { toString: look }), () => new TransformStream(spy), () => new URLSearchParams(spy), () => performance.mark('m', spy), () => new Blob(spy, spy), () => WebAssembly.instantiate(spy, spy),
    ]
    for (const way of ways) {
      try {
        await way()
      } catch {
        look()
      }
    }
    const captured = {}
    Error.captureStackTrace(captured)
    void captured.stack
    await new Promise((resolve) => setTimeout(resolve, 5))
    look()
    return new Response(frames > 50 && found.size === 0 ? 'contained' : `${frames} ${[...found].join('\n')}`)
  },
}
