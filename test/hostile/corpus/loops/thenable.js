// A thenable that resolves to itself: the engine asks it again for ever.
export default {
  fetch() {
    const thenable = { then: (resolve) => resolve(thenable) }
    return thenable
  },
}
