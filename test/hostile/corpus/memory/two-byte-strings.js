// Each doubling takes twice what it seems.
export default {
  fetch() {
    const kept = []
    let text = '\u4e00'
    for (;;) {
      text = text.length < 1e7 ? text + text : `${kept.length}\u4e00`
      JSON.stringify(text)
      kept.push(text)
    }
  },
}
