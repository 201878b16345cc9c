// Runs when the garbage collector found something, in nobody's turn if the engine were to allow it.
export default {
  async fetch() {
    const registry = new FinalizationRegistry(() => {
      for (;;);
    })
    for (let n = 0; n < 1000; n++) registry.register({ n }, n)
    for (let round = 0; round < 8; round++) {
      let garbage = []
      for (let n = 0; n < 5_000; n++) garbage.push({ n, text: `x${n}` })
      garbage = undefined
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return new Response('contained')
  },
}
