// Whoever hears of an error makes another, by way of the platform.
export default {
  fetch() {
    addEventListener('error', () => reportError(new Error('again')))
    for (let n = 0; n < 100; n++) reportError(new Error('first'))
    return new Response('contained')
  },
}
