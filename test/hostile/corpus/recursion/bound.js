// Bound, and bound again.
export default {
  fetch() {
    let bound = () => 'contained'
    for (let depth = 0; depth < 1e5; depth++) bound = bound.bind(null)
    return new Response(bound())
  },
}
