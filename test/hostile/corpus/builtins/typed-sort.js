// Sorts numbers without asking anybody.
export default {
  fetch() {
    const values = new Float64Array(1e6).map((_, index) => (index * 2_654_435_761) % 1e9)
    for (;;) values.toSorted()
  },
}
