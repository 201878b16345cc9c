// Flattens what has no bottom.
export default {
  fetch() {
    const value = []
    value.push(value, value)
    return new Response(String(value.flat(Infinity).length))
  },
}
