// Its handlers are read by the platform.
export default {
  get fetch() {
    for (;;);
  },
}
