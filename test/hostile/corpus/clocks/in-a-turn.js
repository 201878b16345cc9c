// A clock that moves while code computes measures what the code next door does.
export default {
  async fetch() {
    const moments = new Set()
    const read = () => moments.add(`${Date.now()} ${performance.now()} ${new Date().getTime()}`)
    for (let n = 0; n < 3e5; n++) if (n % 1_000 === 0) read()
    return new Response(moments.size === 1 ? 'contained' : `${moments.size} moments`)
  },
}
