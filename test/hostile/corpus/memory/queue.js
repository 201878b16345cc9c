// A stream that takes what nobody reads.
export default {
  async fetch() {
    let controller
    const stream = new ReadableStream({
      start(given) {
        controller = given
      },
    })
    for (;;) controller.enqueue(new Uint8Array(1e6))
    return new Response(stream)
  },
}
