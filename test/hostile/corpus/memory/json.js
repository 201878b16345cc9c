// Text that becomes more objects than it has characters.
export default {
  fetch() {
    const text = `[${'[],'.repeat(1e6)}[]]`
    const kept = []
    for (;;) kept.push(JSON.parse(text))
  },
}
