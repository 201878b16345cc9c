// An address where functions may not go, in every spelling.
export default {
  async fetch(request, env) {
    const { port } = new URL(env.FORBIDDEN)
    const hosts = [
      '127.0.0.2', '127.0.0.2.', '2130706434', '0x7f000002', '0x7f.0.0.2', '0177.0.0.2', '127.2', '[::ffff:127.0.0.2]', '[::ffff:7f00:2]', 'user:password@127.0.0.2', '%31%32%37.0.0.2',
      '\uff11\uff12\uff17.0.0.2', '127\u3002 0\u30020\u30022'.replace(' ', ''), '[::]', '0.0.0.0', '[::1]', 'localhost.', 'inside.test', 'a.inside.test', 'mapped.test',
    ]
    const outcomes = []
    for (const host of hosts) {
      outcomes.push(await fetch(`http://${host}:${port}/`).then((answer) => answer.text(), (error) => error.code ?? error.constructor.name))
    }
    const passed = hosts.filter((_, index) => !['address_blocked', 'TypeError', 'subrequest_failed'].includes(outcomes[index]))
    return new Response(outcomes.filter((outcome) => outcome === 'address_blocked').length >= 15 && passed.length === 0 ? 'contained' : JSON.stringify(outcomes))
  },
}
