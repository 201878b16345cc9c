// What is thrown is longer than any frame may be.
export default {
  fetch() {
    throw Object.assign(new Error('x'.repeat(3e8)), { name: 'y'.repeat(3e8), code: 'overloaded' })
  },
}
