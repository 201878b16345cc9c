// Nothing at all.
export default {
  fetch() {
    return new Promise((resolve) => setTimeout(resolve, 1))
  },
}
