// Errors that come from the host, and the constructors behind them.
export default {
  async fetch(request, env) {
    const ways = [
      () => new URL('no address'), () => new TextDecoder('no encoding'), () => setTimeout(), () => structuredClone(() => {}), () => atob('?'), () => crypto.getRandomValues(new Uint8Array(70_000)),
      () => crypto.subtle.importKey('raw', new Uint8Array(3), 'AES-GCM', false, ['encrypt']), () => fetch('http://no.such.test/'), () => fetch(env.FORBIDDEN), () => new WebAssembly.Module(new Uint8Array(3)),
      () => new Response(new Blob([Uint8Array.of(1, 2)]).stream().pipeThrough(new DecompressionStream('gzip'))).text(), () => new WebSocket('http://'), () => caches.open(Symbol('x')), () => new Response('', { status: 99 }),
    ]
    const found = []
    let errors = 0
    for (const way of ways) {
      try {
        await way()
      } catch (error) {
        errors++
        const text = `${error.stack}${error.message}${error.cause?.stack ?? ''}`
        if (/file:|node:|\.ts\b|isolated-vm|\/runtime\/|\/home\/|internal\//.test(text)) found.push(text)
        if (!(error instanceof Error)) found.push(`an error of another realm: ${Object.prototype.toString.call(error)}`)
        if (error.constructor.constructor !== Function) found.push('a function of another realm')
      }
    }
    return new Response(errors >= 12 && found.length === 0 ? 'contained' : `${errors} ${found.join('\n')}`)
  },
}
