// Joins an array that contains itself many times over.
export default {
  fetch() {
    let value = ['x']
    for (let depth = 0; depth < 60; depth++) value = [value, value]
    return new Response(String(value))
  },
}
