// More subrequests than it may make, all at once.
export default {
  async fetch(request, env) {
    const outcomes = await Promise.all(Array.from({ length: 2_000 }, () => fetch(env.ORIGIN).then((response) => response.text(), (error) => error.code)))
    const count = (wanted) => outcomes.filter((outcome) => outcome === wanted).length
    return new Response(count('open') === 50 && count('subrequest_limit_exceeded') === 1_950 ? 'contained' : JSON.stringify(outcomes.slice(0, 60)))
  },
}
