// All of its requests at the same time: what one takes with it comes again, and does the same.
export default {
  async fetch() {
    await new Promise((resolve) => setTimeout(resolve, 5))
    for (;;);
  },
}
