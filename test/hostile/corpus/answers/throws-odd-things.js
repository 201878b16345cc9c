// What is thrown has no text, and refuses to be asked.
export default {
  fetch() {
    throw {
      get message() {
        throw this
      },
      toString: null,
      [Symbol.toPrimitive]: () => {
        throw new Error('no')
      },
    }
  },
}
