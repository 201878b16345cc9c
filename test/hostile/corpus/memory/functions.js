// Code, compiled and kept.
export default {
  fetch() {
    const kept = []
    for (let n = 0; ; n++) {
      const made = new Function(`return [${`${n}, `.repeat(2_000)}]`)
      made()
      kept.push(made)
    }
  },
}
