// Writes a value down of which every part is the same.
export default {
  fetch() {
    let value = ['x']
    for (let depth = 0; depth < 60; depth++) value = [value, value]
    return new Response(JSON.stringify(value))
  },
}
