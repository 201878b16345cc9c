// Looks for primes that take minutes to find.
export default {
  async fetch() {
    const outcome = await crypto.subtle
      .generateKey({ name: 'RSA-OAEP', modulusLength: 16_384, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-512' }, true, ['encrypt', 'decrypt'])
      .then(() => 'generated', (error) => error.name)
    return new Response(['OperationError', 'NotSupportedError'].includes(outcome) ? 'contained' : outcome)
  },
}
