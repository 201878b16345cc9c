// An isolate for each request, each filled to just below its limit, all of them at the same time.
export default {
  async fetch() {
    const kept = []
    for (let n = 0; n < 50; n++) {
      kept.push(new Uint8Array(1e6).fill(n))
      if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
    return new Response(kept.length === 50 ? 'contained' : 'lost')
  },
}
