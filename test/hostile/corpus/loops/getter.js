// In a getter that the platform reads.
export default {
  fetch() {
    return new Response('never', {
      get status() {
        for (;;);
      },
    })
  },
}
