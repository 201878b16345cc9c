// A built-in walks over what has no end and keeps nothing.
export default {
  fetch() {
    const endless = {
      next: () => ({ value: 1, done: false }),
      __proto__: Iterator.prototype,
    }
    endless.filter(() => false).next()
  },
}
