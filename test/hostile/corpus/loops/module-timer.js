// A timer that belongs to no request: the module set it.
setTimeout(() => {
  for (;;);
}, 50)

export default {
  async fetch() {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return new Response('answered')
  },
}
