// Long texts to and fro.
export default {
  fetch() {
    const text = 'x'.repeat(1e6)
    for (;;) atob(btoa(text))
  },
}
