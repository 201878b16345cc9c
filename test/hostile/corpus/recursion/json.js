// Reads what is nested deeper than any stack.
export default {
  fetch() {
    const depth = 5e6
    return new Response(String(JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`).length))
  },
}
