// More sockets to itself than it may open.
export default {
  async fetch(request, env) {
    if (request.headers.get('upgrade') === 'websocket') {
      const [client, server] = Object.values(new WebSocketPair())
      server.accept()
      return new Response(null, { status: 101, webSocket: client })
    }
    const open = () => new Promise((resolve) => {
      const socket = new WebSocket(env.SELF.replace('http', 'ws'))
      socket.onopen = () => resolve('open')
      socket.onerror = ({ error }) => resolve(error?.code ?? 'error')
    })
    const outcomes = await Promise.all(Array.from({ length: 300 }, open))
    const opened = outcomes.filter((outcome) => outcome === 'open').length
    return new Response(opened <= 50 && outcomes.includes('subrequest_limit_exceeded') ? 'contained' : `${opened} open`)
  },
}
