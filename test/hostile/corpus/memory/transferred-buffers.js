// Memory that moves from one object to the next.
export default {
  fetch() {
    const kept = []
    for (;;) kept.push(new TextEncoder().encode('\u00fc'.repeat(5e5)).buffer.transfer(3e6))
  },
}
