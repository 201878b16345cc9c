// An overflow inside the host's own function would show that function among the call sites.
export default {
  fetch(request, env) {
    const found = new Set()
    let prepared = 0
    Error.stackTraceLimit = 4
    Error.prepareStackTrace = (_error, sites) => {
      prepared++
      for (const site of sites) {
        if (site.getFunction() !== undefined) found.add(`function ${site.getFunctionName()}`)
        if (site.getThis() !== undefined && site.getThis() !== globalThis) found.add(`receiver of ${site.getFunctionName()}`)
      }
      return ''
    }
    const bytes = new Uint8Array(70_000)
    const calls = [
      () => new URL('http://a.test/\u00fc'), () => console.log('x'), () => crypto.getRandomValues(new Uint8Array(8)), () => performance.now(), () => new TextEncoder().encode('\u00fc'.repeat(400)),
      () => setTimeout(() => {}, 1), () => void crypto.subtle.digest('SHA-1', bytes).catch(() => {}), () => crypto.randomUUID(), () => void fetch(env.ORIGIN).catch(() => {}),
    ]
    for (const call of calls) {
      const descend = (depth) => {
        try {
          descend(depth + 1)
        } catch (error) {
          void error.stack
        }
        try {
          if (depth > 1_000) call()
        } catch (error) {
          void error.stack
        }
      }
      descend(0)
    }
    return new Response(prepared > 100 && found.size === 0 ? 'contained' : `${prepared} ${[...found].join('\n')}`)
  },
}
