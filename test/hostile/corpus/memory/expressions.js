// Regular expressions, compiled and kept.
export default {
  fetch() {
    const kept = []
    for (let n = 0; ; n++) {
      const expression = new RegExp(`(?:${'a|b|'.repeat(500)}${n})+$`)
      expression.test('ab'.repeat(50))
      kept.push(expression)
    }
  },
}
