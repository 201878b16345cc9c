// Turns that are short each, without end.
export default {
  fetch() {
    setInterval(() => {
      for (let n = 0; n < 1e5; n++) Math.sqrt(n)
    }, 1)
    return new Promise(() => {})
  },
}
