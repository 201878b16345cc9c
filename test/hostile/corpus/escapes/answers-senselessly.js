// A head that is none.
export default {
  fetch() {
    Array.prototype.join = () => 'senseless'
    return new Response('x', { headers: { a: 'b' } })
  },
}
