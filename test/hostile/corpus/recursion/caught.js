// Goes down again from wherever it came up to: a tree without end.
export default {
  fetch() {
    const descend = () => {
      try {
        descend()
      } finally {
        descend()
      }
    }
    descend()
  },
}
