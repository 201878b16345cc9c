// The handler waits; the timer never returns.
export default {
  fetch() {
    setTimeout(() => {
      for (;;);
    })
    return new Promise(() => {})
  },
}
