// One header larger than a head may be.
export default {
  fetch() {
    return new Response('x', { headers: { 'x-giant': 'x'.repeat(1e6) } })
  },
}
