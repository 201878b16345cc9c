// Bytes that the host makes and hands over.
export default {
  fetch() {
    const kept = []
    for (;;) kept.push(crypto.getRandomValues(new Uint8Array(65_536)), new TextEncoder().encode('\u00fc'.repeat(1e5)))
  },
}
