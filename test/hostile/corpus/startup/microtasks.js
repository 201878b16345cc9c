// Evaluates, and keeps the queue of jobs full.
const again = () => queueMicrotask(again)
again()
export default {
  fetch() {
    return new Response('served')
  },
}
