// A small body that becomes a large one.
export default {
  async fetch() {
    const zeros = new Uint8Array(1 << 20)
    let made = 0
    const bomb = new ReadableStream({
      pull(controller) {
        if (made++ < 200) controller.enqueue(zeros)
        else controller.close()
      },
    })
    const kept = []
    for await (const chunk of bomb.pipeThrough(new CompressionStream('gzip')).pipeThrough(new DecompressionStream('gzip'))) kept.push(chunk)
    return new Response(String(kept.length))
  },
}
