// Talks before it serves.
for (let line = 0; line < 5_000; line++) console.log('x'.repeat(16_000))
export default {
  fetch() {
    return new Response('contained')
  },
}
