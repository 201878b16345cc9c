// The client leaves, and hears of it for ever.
export default {
  fetch(request) {
    request.signal.addEventListener('abort', () => {
      for (;;);
    })
    return new Response(new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('begun'))
      },
    }))
  },
}
