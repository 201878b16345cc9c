// An address that is allowed leads to one that is not.
export default {
  async fetch(request, env) {
    const to = (address) => `${env.ORIGIN}to/${encodeURIComponent(address)}`
    const tries = [to(env.FORBIDDEN), to(to(to(env.FORBIDDEN))), to(env.FORBIDDEN.replace('http:', '')), to('http://inside.test/'), to('file:///etc/passwd'), to('data:text/plain,inside'), to(env.FORBIDDEN.replace('127.0.0.2', '2130706434'))]
    const outcomes = []
    for (const address of tries) outcomes.push(await fetch(address, { redirect: 'follow' }).then((answer) => answer.text(), (error) => error.code ?? error.constructor.name))
    const endless = await fetch(to(to(to(to(env.ORIGIN))))).then((answer) => answer.text(), (error) => error.code)
    return new Response(outcomes.every((outcome) => ['address_blocked', 'subrequest_failed', 'TypeError'].includes(outcome)) && endless === 'open' ? 'contained' : `${outcomes} ${endless}`)
  },
}
