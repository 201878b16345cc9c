// A head that is none: the node believes nothing more of what comes from there.
export default {
  fetch() {
    Array.prototype.join = () => 'senseless'
    return new Response('x', { headers: { a: 'b' } })
  },
}
