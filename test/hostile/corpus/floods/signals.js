// Signals that time out, by the thousand.
export default {
  fetch() {
    let started = 0
    try {
      for (; started < 1e5; started++) AbortSignal.timeout(1)
    } catch (error) {
      return new Response(error instanceof RangeError ? 'contained' : String(error))
    }
    return new Response(`${started} signals`)
  },
}
