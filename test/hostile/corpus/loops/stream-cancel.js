// The client leaves, and the body's end never ends.
export default {
  fetch() {
    return new Response(new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        controller.enqueue(new TextEncoder().encode('more'))
      },
      cancel() {
        for (;;);
      },
    }))
  },
}
