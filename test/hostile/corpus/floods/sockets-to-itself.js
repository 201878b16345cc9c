// Two ends of the same function that answer each other.
export default {
  async fetch(request, env) {
    if (request.headers.get('upgrade') === 'websocket') {
      const [client, server] = Object.values(new WebSocketPair())
      server.accept()
      server.addEventListener('message', ({ data }) => server.send(data))
      return new Response(null, { status: 101, webSocket: client })
    }
    const { webSocket } = await fetch(env.SELF, { headers: { upgrade: 'websocket' } })
    webSocket.accept()
    webSocket.addEventListener('message', ({ data }) => webSocket.send(data))
    webSocket.send('ping')
    return new Response(new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('begun'))
      },
    }))
  },
}
