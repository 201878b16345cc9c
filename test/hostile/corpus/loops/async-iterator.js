// Reads what always has more, a job at a time.
export default {
  async fetch() {
    async function* endless() {
      for (;;) yield 1
    }
    for await (const value of endless()) void value
  },
}
