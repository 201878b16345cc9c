// A list so long that walking it recursively would end the collector's stack.
export default {
  fetch() {
    let list = null
    for (let n = 0; n < 3e5; n++) list = { list }
    const registry = new FinalizationRegistry(() => {})
    registry.register(list, 1)
    list = null
    for (let n = 0; n < 20; n++) new Array(1e5).fill({})
    return new Response('contained')
  },
}
