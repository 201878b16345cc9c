// The same answer for two requests, and for none.
const answer = new Response('contained')
let requests = 0
export default {
  async fetch(request, env) {
    if (requests++ > 0) return answer
    const first = await (await fetch(env.SELF)).text()
    const second = await fetch(env.SELF)
    return new Response(first === 'contained' && second.headers.get('x-skerry-error') === 'no_response' ? 'contained' : `${first} ${second.status}`)
  },
}
