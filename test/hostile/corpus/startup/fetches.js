// Goes out before there is a request that could be charged for it.
const outcome = await fetch('http://127.0.0.1:1/').then(() => 'fetched', (error) => error.constructor.name)
export default {
  fetch() {
    return new Response(outcome === 'TypeError' ? 'contained' : outcome)
  },
}
