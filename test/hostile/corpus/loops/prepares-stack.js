// A rejection that nobody handles, whose stack is made by a function that never returns.
export default {
  fetch() {
    Error.prepareStackTrace = () => {
      for (;;);
    }
    void Promise.reject(new Error('x'))
    return new Promise(() => {})
  },
}
