// A listener that dispatches what it listens for.
export default {
  fetch() {
    const target = new EventTarget()
    target.addEventListener('again', () => target.dispatchEvent(new Event('again')))
    target.dispatchEvent(new Event('again'))
    return new Response('contained')
  },
}
