// Outside of the heap.
export default {
  fetch() {
    const kept = []
    for (;;) kept.push(new Uint8Array(1e6).fill(1))
  },
}
