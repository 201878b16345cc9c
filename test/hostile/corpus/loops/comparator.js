// The comparison of a sort never returns.
export default {
  fetch() {
    return [3, 2, 1].sort(() => {
      for (;;);
    })
  },
}
