// A thousand million rounds on the thread pool.
export default {
  async fetch() {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits'])
    const outcome = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 1e9 }, key, 512)
      .then(() => 'derived', (error) => error.name)
    return new Response(['OperationError', 'NotSupportedError'].includes(outcome) ? 'contained' : outcome)
  },
}
