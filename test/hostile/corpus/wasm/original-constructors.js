// Ways around the constructors that stand in the place of the engine's.
const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)
export default {
  async fetch() {
    const module = new WebAssembly.Module(bytes)
    const instance = new WebAssembly.Instance(module)
    const { instance: other, module: second } = await WebAssembly.instantiate(bytes)
    const pairs = [
      [module.constructor, WebAssembly.Module], [second.constructor, WebAssembly.Module], [Object.getPrototypeOf(module).constructor, WebAssembly.Module],
      [instance.constructor, WebAssembly.Instance], [other.constructor, WebAssembly.Instance],
      [new WebAssembly.Memory({ initial: 1 }).constructor, WebAssembly.Memory],
      [Object.getPrototypeOf(class extends WebAssembly.Memory {}), WebAssembly.Memory],
    ]
    const escaped = pairs.flatMap(([found, hardened], index) => (found === hardened ? [] : [index]))
    const native = [WebAssembly.Module, WebAssembly.Instance, WebAssembly.Memory].filter((value) => /\[native code\]/.test(Function.prototype.toString.call(value)))
    return new Response(escaped.length === 0 && native.length === 0 ? 'contained' : `${escaped} ${native.length}`)
  },
}
