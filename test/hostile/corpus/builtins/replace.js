// A replacement that makes a longer text each time.
export default {
  fetch() {
    let text = 'a'.repeat(1e6)
    for (;;) text = text.replaceAll('a', 'aa').slice(0, 4e6)
  },
}
