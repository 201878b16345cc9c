// Weak on one side only.
export default {
  fetch() {
    const map = new WeakMap()
    let key = {}
    for (;;) {
      const next = { key }
      map.set(key, next)
      key = next
    }
  },
}
