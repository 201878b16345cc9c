// A body whose second chunk never comes about.
export default {
  fetch() {
    let pulls = 0
    return new Response(new ReadableStream({
      async pull(controller) {
        if (pulls++ > 0) {
          await new Promise((resolve) => setTimeout(resolve, 1))
          for (;;);
        }
        controller.enqueue(new TextEncoder().encode('begun'))
      },
    }, { highWaterMark: 0 }))
  },
}
