// Another function at each look.
let looks = 0
export default new Proxy({}, {
  get(target, name) {
    const look = looks++
    return name === 'fetch' ? () => new Response(look > 0 ? 'contained' : 'the first') : undefined
  },
})
