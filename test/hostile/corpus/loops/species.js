// In a constructor that a built-in looks up.
export default {
  fetch() {
    class Endless extends Promise {
      static get [Symbol.species]() {
        for (;;);
      }
    }
    return new Endless(() => {}).then(() => {})
  },
}
