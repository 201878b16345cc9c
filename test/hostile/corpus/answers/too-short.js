// Says that more comes than does.
export default {
  fetch() {
    return new Response(new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('short'))
        controller.close()
      },
    }), { headers: { 'content-length': '5000' } })
  },
}
