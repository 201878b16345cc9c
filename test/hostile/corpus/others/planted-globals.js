// Leaves traces for whoever comes next in the same isolate, and looks for those of others.
const traces = ['planted', 'secret', 'born', 'memory']
export default {
  fetch() {
    const found = traces.filter((name) => name in globalThis || name in Object.prototype || name in Array.prototype || name in Function.prototype)
    for (const name of traces) {
      globalThis[name] = 'planted'
      Object.defineProperty(Object.prototype, name, { value: 'planted', configurable: true })
    }
    return new Response(found.length === 0 ? 'contained' : found.join())
  },
}
