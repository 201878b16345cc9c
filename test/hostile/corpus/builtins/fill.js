// No check for interrupts in its loop.
export default {
  fetch() {
    for (;;) new Uint8Array(3e7).fill(1).fill(2).fill(3)
  },
}
