// More lines than one in a header.
export default {
  fetch() {
    const tries = ['a\r\nx-injected: 1', 'a\nx-injected: 1', 'a\u010ax-injected: 1', 'a\u0000', '\u{1f600}']
    let refused = 0
    for (const text of tries) {
      for (const init of [{ headers: { 'x-a': text } }, { headers: { [text]: 'a' } }, { statusText: text }, { headers: [['x-a', text]] }]) {
        try {
          return new Response(`took ${JSON.stringify(init)}`, init)
        } catch (error) {
          if (error instanceof TypeError) refused++
        }
      }
    }
    return new Response(refused === 20 ? 'contained' : String(refused))
  },
}
