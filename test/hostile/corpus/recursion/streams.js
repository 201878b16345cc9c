// A pipe through ten thousand others.
export default {
  async fetch() {
    let stream = new Response('text').body
    for (let depth = 0; depth < 10_000; depth++) stream = stream.pipeThrough(new TransformStream())
    return new Response(stream)
  },
}
