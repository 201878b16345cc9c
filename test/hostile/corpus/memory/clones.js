// Copies of copies.
export default {
  fetch() {
    let value = [1, 2, 3]
    for (;;) value = [structuredClone(value), structuredClone(value)]
  },
}
