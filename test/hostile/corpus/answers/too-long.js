// Says that less comes than does.
export default {
  fetch() {
    return new Response(new ReadableStream({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode('longer than it says\r\n\r\nHTTP/1.1 200 OK\r\nx-injected: 1\r\n\r\n'))
        await new Promise((resolve) => setTimeout(resolve, 5))
      },
    }), { headers: { 'content-length': '10' } })
  },
}
