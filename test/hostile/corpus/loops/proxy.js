// In the trap of a proxy that the platform enumerates.
export default {
  fetch() {
    const headers = new Proxy({}, {
      ownKeys() {
        for (;;);
      },
    })
    return new Response('never', { headers })
  },
}
