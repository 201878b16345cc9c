// Waits for the connections of the first look-up to be gone, then asks by another way.
export default {
  async fetch(request, env) {
    const { port } = new URL(env.FORBIDDEN)
    const first = await fetch(`http://b.rebinding.test:${port}/`).then((answer) => answer.text(), (error) => error.code)
    const socket = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://b.rebinding.test:${port}/`)
      socket.onopen = () => resolve('open')
      socket.onerror = ({ error }) => resolve(error?.code ?? 'failed')
    })
    const upgraded = await fetch(`http://b.rebinding.test:${port}/`, { headers: { upgrade: 'websocket' } }).then(({ status }) => `status ${status}`, (error) => error.code)
    return new Response(first === 'open' && socket === 'address_blocked' && upgraded === 'address_blocked' ? 'contained' : `${first} ${socket} ${upgraded}`)
  },
}
