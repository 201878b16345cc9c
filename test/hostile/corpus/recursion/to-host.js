// At the end of its stack it calls the host, and reads what comes of it.
export default {
  fetch() {
    const shown = new Set()
    const calls = [() => new URL('http://a.test/\u00fc'), () => crypto.getRandomValues(new Uint8Array(9)), () => console.log('deep'), () => new TextDecoder('gb18030').decode(new Uint8Array(70_000))]
    for (const call of calls) {
      const descend = (depth) => {
        try {
          descend(depth + 1)
        } finally {
          if (depth > 500) {
            try {
              call()
            } catch (error) {
              shown.add(String(error.stack).replace(/:\d+:\d+/g, ''))
            }
          }
        }
      }
      try {
        descend(0)
      } catch (error) {
        shown.add(String(error.stack).replace(/:\d+:\d+/g, ''))
      }
    }
    const leaks = [...shown].filter((text) => /file:|node:|\.ts|isolated-vm|\/runtime\//.test(text))
    return new Response(shown.size > 0 && leaks.length === 0 ? 'contained' : leaks.join('\n'))
  },
}
