// Each request makes another of the same kind.
export default {
  async fetch(request, env) {
    try {
      const response = await fetch(env.SELF)
      return new Response(await response.text(), { status: response.status, headers: response.headers })
    } catch (error) {
      return new Response(error.code === 'hop_limit_exceeded' ? 'contained' : String(error.code))
    }
  },
}
