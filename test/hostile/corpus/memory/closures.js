// A generator that is never run to its end, over and over.
export default {
  fetch() {
    const kept = []
    const hold = function* (bulk) {
      yield bulk
      yield bulk.length
    }
    for (;;) {
      const suspended = hold(new Array(1_000).fill(kept.length))
      suspended.next()
      kept.push(suspended)
    }
  },
}
