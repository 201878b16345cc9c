// A subrequest with a head larger than one may be.
export default {
  async fetch(request, env) {
    const tries = [{ headers: { 'x-giant': 'x'.repeat(1e6) } }, { method: 'x'.repeat(1e6) }]
    const codes = []
    for (const init of tries) codes.push(await fetch(env.ORIGIN, init).then(() => 'sent', (error) => error.code))
    codes.push(await fetch(`${env.ORIGIN}${'x'.repeat(1e6)}`).then(() => 'sent', (error) => error.code))
    return new Response(codes.every((code) => code === 'subrequest_failed') ? 'contained' : codes.join())
  },
}
