// Goes on in a turn that the thread pool began.
export default {
  async fetch() {
    await crypto.subtle.digest('SHA-256', new Uint8Array(1 << 20))
    for (;;);
  },
}
