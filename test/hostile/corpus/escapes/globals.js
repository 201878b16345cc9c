// Names of the host, and of the engine's shell.
export default {
  fetch() {
    const names = ['process', 'require', 'module', 'global', 'Buffer', '__dirname', '__filename', 'ivm', '$0', '_ivm', 'isolate', 'host', '__skerryBoot', 'gc', 'd8', 'load', 'print', 'read', 'quit', 'importScripts', 'Worker', 'Deno', 'Bun', 'window', 'document']
    const found = names.filter((name) => name in globalThis)
    const indirect = names.filter((name) => (0, eval)(`typeof ${name}`) !== 'undefined')
    const symbols = Object.getOwnPropertySymbols(globalThis).map(String).filter((name) => !['Symbol(Symbol.toStringTag)', 'Symbol(skerry.environment)'].includes(name))
    const all = [...found, ...indirect, ...symbols]
    return new Response(all.length === 0 ? 'contained' : all.join())
  },
}
