// The same addresses for sockets and event streams.
export default {
  async fetch(request, env) {
    const { host, port } = new URL(env.FORBIDDEN)
    const open = (address) => new Promise((resolve) => {
      const socket = new WebSocket(address)
      socket.onopen = () => resolve('open')
      socket.onerror = ({ error }) => resolve(error?.code ?? 'failed')
    })
    const listen = (address) => new Promise((resolve) => {
      const source = new EventSource(address)
      source.onopen = () => resolve('open')
      source.onerror = () => {
        source.close()
        resolve('failed')
      }
    })
    const outcomes = await Promise.all([open(`ws://${host}/`), open(`ws://[::ffff:127.0.0.2]:${port}/`), open(`ws://2130706434:${port}/`), open(`ws://inside.test:${port}/`), listen(`http://${host}/`), listen(`${env.ORIGIN}to/${encodeURIComponent(env.FORBIDDEN)}`)])
    return new Response(outcomes.every((outcome) => outcome !== 'open') ? 'contained' : outcomes.join())
  },
}
