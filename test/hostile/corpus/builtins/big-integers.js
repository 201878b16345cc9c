// Multiplies for seconds in one operation.
export default {
  fetch() {
    let n = 3n ** 1_000_000n
    for (;;) n = (n * n) % (1n << 4_000_000n)
  },
}
