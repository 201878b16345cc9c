// Hashes at once, in the host.
export default {
  fetch() {
    const bytes = new Uint8Array(60_000)
    for (;;) void crypto.subtle.digest('SHA-512', bytes)
  },
}
