// Files that nobody reads.
export default {
  fetch() {
    const kept = []
    for (let n = 0; ; n++) {
      const blob = new Blob([new Uint8Array(1e6)])
      kept.push(URL.createObjectURL(new Blob([blob, blob])))
    }
  },
}
