// An array that grows element by element.
export default {
  fetch() {
    const kept = []
    for (;;) kept.push(kept.length / 3)
  },
}
