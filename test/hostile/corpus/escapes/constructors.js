// From any value to the function that makes functions: it makes them in this isolate, and nowhere else.
export default {
  async fetch() {
    const roots = [{}, [], () => {}, async () => {}, function* () {}, async function* () {}, new URL('http://a.test'), console, crypto.subtle, fetch, new Response(), Symbol.iterator, 1n]
    const found = []
    for (const root of roots) {
      for (const make of [root.constructor, root.constructor.constructor, Object.getPrototypeOf(root).constructor.constructor]) {
        for (const source of ['return typeof process', 'return typeof require', 'return typeof global', 'return typeof __skerryBoot', 'return this === globalThis ? "undefined" : "another"']) {
          try {
            let result = make(source)()
            if (typeof result?.next === 'function') result = (await result.next()).value
            result = await result
            if (typeof result === 'string' && result !== 'undefined') found.push(`${String(root)} ${source}: ${result}`)
          } catch {
            continue
          }
        }
      }
    }
    return new Response(found.length === 0 ? 'contained' : found.join('\n'))
  },
}
