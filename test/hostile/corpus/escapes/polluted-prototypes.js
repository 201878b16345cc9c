// Pollutes everything that it shares with the platform; nobody else may notice, and the node must not believe it.
for (const [name, value] of Object.entries({ status: 999, headers: { 'x-injected': '1' }, redirect: 'follow', method: 'CONNECT', code: 'overloaded', isolate: 1, exchange: 2, metadata: 'forged', toJSON: () => ({ level: 'error', exchange: 2 }) })) {
  Object.defineProperty(Object.prototype, name, { value, writable: true, configurable: true, enumerable: true })
}
globalThis.planted = true
Array.prototype.planted = 'planted'
export default {
  fetch(request) {
    console.log({ fine: true }, [1])
    const injected = new Response('x', { status: 200, headers: [] }).headers.has('x-injected')
    return new Response(injected || request.method !== 'GET' ? 'injected' : 'contained', { status: 200, headers: { 'x-own': '1' } })
  },
}
