// Writes a number down that has millions of digits.
export default {
  fetch() {
    const n = 1n << 9_000_000n
    for (;;) n.toString(10)
  },
}
