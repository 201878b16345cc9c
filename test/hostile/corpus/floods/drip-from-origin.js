// Waits for an origin that answers a byte at a time.
export default {
  async fetch(request, env) {
    return new Response(await (await fetch(`${env.ORIGIN}drip`)).text())
  },
}
