// In the conversion of an argument to a string.
export default {
  fetch() {
    const address = {
      toString() {
        for (;;);
      },
    }
    return fetch(address)
  },
}
