// Would put the thread to sleep, where nothing interrupts it.
export default {
  fetch() {
    const cells = new Int32Array(new SharedArrayBuffer(4))
    const ways = [() => Atomics.wait(cells, 0, 0), () => Atomics.waitAsync(cells, 0, 0).value]
    const outcomes = ways.map((wait) => {
      try {
        return typeof wait()
      } catch (error) {
        return error.name
      }
    })
    return new Response(outcomes.every((outcome) => outcome === 'TypeError') ? 'contained' : outcomes.join())
  },
}
