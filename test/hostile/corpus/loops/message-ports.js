// Two ports that answer each other.
export default {
  fetch() {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => port1.postMessage('ping')
    port2.onmessage = () => port2.postMessage('pong')
    port1.postMessage('ping')
    return new Promise(() => {})
  },
}
