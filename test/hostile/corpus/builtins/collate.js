// Compares long texts by the rules of a language.
export default {
  fetch() {
    const text = 'a\u0301\u0327'.repeat(3e5)
    for (;;) text.localeCompare(`${text}b`, 'de')
  },
}
