// Sorts in native code, by text.
export default {
  fetch() {
    const values = Array.from({ length: 3e5 }, (_, index) => (index * 2_654_435_761) % 1e9)
    for (;;) values.toSorted()
  },
}
