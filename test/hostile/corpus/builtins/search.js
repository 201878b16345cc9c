// Looks for what almost matches everywhere.
export default {
  fetch() {
    const text = 'a'.repeat(2e6)
    for (;;) text.indexOf(`${'a'.repeat(1e5)}b`)
  },
}
