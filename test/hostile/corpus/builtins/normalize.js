// Takes long texts apart and together.
export default {
  fetch() {
    const text = '\u1e9b\u0323\uac00'.repeat(3e5)
    for (;;) text.normalize('NFKD').normalize('NFC')
  },
}
