// What is thrown is read outside of the timed call.
throw Object.defineProperty(new Error('x'), 'stack', {
  get() {
    for (;;);
  },
})
export default {}
