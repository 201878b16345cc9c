// Strings that are flattened, so that they are what they look.
export default {
  fetch() {
    const kept = []
    for (let n = 0; ; n++) {
      const text = `${n}`.padEnd(1e6, 'x')
      text.charCodeAt(5e5)
      kept.push(text)
    }
  },
}
