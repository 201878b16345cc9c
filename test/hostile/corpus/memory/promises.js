// Promises that wait for each other.
export default {
  fetch() {
    let last = new Promise(() => {})
    for (;;) last = last.then(() => last)
  },
}
