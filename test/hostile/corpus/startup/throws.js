// Throws what is no error, and can not be shown.
throw new Proxy({}, {
  get() {
    throw new Error('looked at')
  },
})
export default {}
