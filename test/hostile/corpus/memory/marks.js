// Entries that the platform keeps.
export default {
  fetch() {
    for (let n = 0; ; n++) performance.mark(`mark ${n}`, { detail: new Array(1_000).fill(n) })
  },
}
