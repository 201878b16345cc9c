// Looks for words in a text that has none.
export default {
  fetch() {
    const text = '\u0e01'.repeat(1e5)
    for (;;) [...new Intl.Segmenter('th', { granularity: 'word' }).segment(text)]
  },
}
