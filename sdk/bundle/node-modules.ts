import { builtinModules } from 'node:module'

/** What code at the edge uses in place of a Node module that is not offered. */
const replacements: Readonly<Record<string, string>> = {
  child_process: 'functions start no processes: call another function with fetch for work of its own',
  cluster: 'functions start no processes; Skerry places them on as many cells as they need',
  dgram: 'use fetch; there is no UDP',
  dns: 'use fetch; names are resolved by the node',
  fs: 'functions have no disk: import the file (.txt, .json, .wasm and .bin are bundled, any other with ?raw), or fetch it',
  http: 'use fetch',
  http2: 'use fetch',
  https: 'use fetch',
  inspector: 'use `skerry tail` and console',
  module: 'everything is bundled: use import',
  net: 'use fetch',
  path: 'functions have no disk: `node:path` gives POSIX paths',
  readline: 'there is no terminal',
  repl: 'there is no terminal',
  tls: 'use fetch',
  tty: 'there is no terminal',
  v8: 'use structuredClone to copy values',
  vm: 'bundle the code',
  worker_threads: 'call another function with fetch for work of its own',
  zlib: 'use CompressionStream and DecompressionStream, or the npm package `fflate`',
}

const builtins = new Set(builtinModules)

/** A sentence on a module that only exists in Node or in another vendor's runtime; undefined for any other module. */
export function explainMissingModule(specifier: string): string | undefined {
  if (/^(?:cloudflare|workerd|bun|deno|npm|jsr):/.test(specifier)) {
    return `"${specifier}" belongs to another runtime and is not offered. Use the Web APIs instead`
  }
  const bare = specifier.startsWith('node:') ? specifier.slice('node:'.length) : specifier
  if (!specifier.startsWith('node:') && !builtins.has(bare)) return undefined
  const replacement = replacements[bare.split('/')[0] ?? '']
  return `the Node module "${specifier}" is not offered at the edge${replacement === undefined ? '' : `: ${replacement}`}`
}
