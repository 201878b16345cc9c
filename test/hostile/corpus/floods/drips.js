// An answer that comes a byte at a time, and never ends.
export default {
  fetch() {
    return new Response(new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        controller.enqueue(Uint8Array.of(46))
      },
    }))
  },
}
