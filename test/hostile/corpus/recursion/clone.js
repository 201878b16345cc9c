// Copies what is nested deeper than any stack.
export default {
  fetch() {
    let value = {}
    for (let depth = 0; depth < 2e5; depth++) value = { value }
    return new Response(String(structuredClone(value)))
  },
}
