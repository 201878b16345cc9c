// Bit by bit, request by request, within all limits of each.
const kept = []
export default {
  async fetch() {
    for (let round = 0; round < 100; round++) {
      kept.push(new Uint8Array(2e6).fill(round))
      await new Promise((resolve) => setTimeout(resolve))
    }
    return new Response('kept')
  },
}
