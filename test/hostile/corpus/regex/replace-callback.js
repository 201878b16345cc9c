// Short matches without end, of which each calls back.
export default {
  fetch() {
    const expression = /./g
    return new Response('a'.replace(expression, function replace() {
      expression.lastIndex = 0
      return 'aa'.replace(/a/g, replace)
    }))
  },
}
