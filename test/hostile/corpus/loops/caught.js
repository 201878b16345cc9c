// Would go on after whatever ends it.
export default {
  fetch() {
    for (;;) {
      try {
        for (;;);
      } catch {
        continue
      } finally {
        // An abrupt end of this block replaces the one that is under way.
        continue
      }
    }
  },
}
