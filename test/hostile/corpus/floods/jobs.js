// So many jobs at the end of the turn that its own work looks small.
export default {
  fetch() {
    for (let n = 0; n < 1e7; n++) queueMicrotask(() => {})
    return new Response('queued')
  },
}
