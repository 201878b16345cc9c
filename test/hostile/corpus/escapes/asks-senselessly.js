// The head of a subrequest with half a header.
export default {
  async fetch(request, env) {
    const { stringify } = JSON
    JSON.stringify = (value) => `${stringify(value)}\nhalf`
    return fetch(env.ORIGIN)
  },
}
