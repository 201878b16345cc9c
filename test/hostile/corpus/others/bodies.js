// The buffers behind the pieces of bodies: there is nothing in them but the piece.
export default {
  async fetch(request, env) {
    const found = []
    const check = async (stream, what) => {
      for await (const chunk of stream) if (chunk.buffer.byteLength > chunk.byteLength) found.push(`${what}: ${chunk.byteLength} of ${chunk.buffer.byteLength}`)
    }
    await check((await fetch(env.ORIGIN)).body, 'an answer')
    await check((await fetch(`${env.ORIGIN}seen`)).body, 'a short answer')
    await check(new Blob(['abc']).slice(1, 2).stream(), 'a part of a blob')
    await check(new Response('text').body, 'text')
    const whole = await (await fetch(env.ORIGIN)).arrayBuffer()
    if (new TextDecoder().decode(whole) !== 'open') found.push('an answer of others')
    return new Response(found.length === 0 ? 'contained' : found.join())
  },
}
