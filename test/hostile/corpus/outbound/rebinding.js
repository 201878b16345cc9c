// A name that is allowed when it is first looked up, and leads inside a moment later.
export default {
  async fetch(request, env) {
    const { port } = new URL(env.FORBIDDEN)
    const outcomes = []
    for (const host of ['rebinding.test', 'a.rebinding.test', 'mixed.test', 'rebinding.test', 'a.rebinding.test', 'mixed.test']) {
      outcomes.push(await fetch(`http://${host}:${port}/`, { headers: { connection: 'close' } }).then((answer) => answer.text(), (error) => error.code))
    }
    return new Response(outcomes.every((outcome) => outcome === 'open' || outcome === 'address_blocked') ? 'contained' : outcomes.join())
  },
}
