// Rejections that nobody handles, more than anybody wants to read of.
export default {
  async fetch() {
    for (let n = 0; n < 200; n++) {
      void Promise.reject(new Error('x'.repeat(1e5)))
      await new Promise((resolve) => setTimeout(resolve))
    }
    return new Response('contained')
  },
}
