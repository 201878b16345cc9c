// A million timers.
export default {
  fetch() {
    let started = 0
    try {
      for (; started < 1e6; started++) setTimeout(() => {}, 1)
    } catch (error) {
      return new Response(error instanceof RangeError && started <= 10_000 ? 'contained' : `${started} ${error}`)
    }
    return new Response(`${started} timers`)
  },
}
