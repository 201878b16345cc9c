// A subrequest whose body never ends.
export default {
  async fetch(request, env) {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(16_384))
      },
    })
    const response = await fetch(env.ORIGIN, { method: 'POST', body, duplex: 'half' })
    return new Response(await response.text())
  },
}
