// One branch is read, the other holds everything.
export default {
  async fetch() {
    const source = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1e6))
      },
    })
    const [read, held] = new Response(source).body.tee()
    for await (const chunk of read) void chunk
    return new Response(held)
  },
}
