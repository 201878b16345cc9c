// Goes on in a turn that a timer began.
export default {
  async fetch() {
    await new Promise((resolve) => setTimeout(resolve, 1))
    for (;;);
  },
}
