// Never ends.
export default {
  fetch() {
    for (;;);
  },
}
