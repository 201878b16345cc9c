// A WebSocket for a client that asked for none.
export default {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    return new Response(null, { status: 101, webSocket: client })
  },
}
