// What was thrown is read outside of any turn, by getters that never return.
export default {
  fetch() {
    void Promise.reject(Object.defineProperty(new Error('x'), 'message', {
      get() {
        for (;;);
      },
    }))
    return new Promise(() => {})
  },
}
