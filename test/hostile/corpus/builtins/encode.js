// Text to bytes and back, in the host.
export default {
  fetch() {
    const text = '\u00fc\ud83d\ude00'.repeat(5e5)
    const decoder = new TextDecoder()
    for (;;) decoder.decode(new TextEncoder().encode(text))
  },
}
