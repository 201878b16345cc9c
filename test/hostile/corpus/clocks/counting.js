// No clock, but something that counts beside it: there is nothing that goes on while a turn runs.
export default {
  async fetch() {
    const shared = new Int32Array(new SharedArrayBuffer(4))
    let ticks = 0
    const interval = setInterval(() => ticks++)
    const { port1, port2 } = new MessageChannel()
    port2.onmessage = () => ticks++
    port1.postMessage(1)
    void crypto.subtle.digest('SHA-256', new Uint8Array(1e5)).then(() => ticks++)
    for (let n = 0; n < 1e7; n++) if (shared[0] !== 0 || ticks !== 0) return new Response('something counts')
    clearInterval(interval)
    return new Response('Worker' in globalThis || 'SharedWorker' in globalThis ? 'there are workers' : 'contained')
  },
}
