import { builtinModules } from 'node:module'

/** What code at the edge uses in place of a Node module. */
const replacements: Readonly<Record<string, string>> = {
  assert: 'throw an Error yourself',
  async_hooks: 'pass `ctx` or your own context object along',
  buffer: 'use Uint8Array, TextEncoder/TextDecoder, atob and btoa',
  crypto: 'use the global `crypto` (Web Crypto: crypto.subtle, crypto.getRandomValues, crypto.randomUUID)',
  dns: 'use fetch; names are resolved by the node',
  events: 'use EventTarget, or the npm package `events`',
  fs: 'functions have no disk: import the file (.txt, .json and .wasm are bundled), or fetch it',
  http: 'use fetch',
  http2: 'use fetch',
  https: 'use fetch',
  net: 'use fetch',
  os: 'functions do not see the machine they run on',
  path: 'use the npm package `pathe`, or URL for URLs',
  perf_hooks: 'use the global `performance`',
  process: 'read configuration from the `env` argument of the handler',
  querystring: 'use URLSearchParams',
  stream: 'use ReadableStream, WritableStream and TransformStream',
  string_decoder: 'use TextDecoder',
  timers: 'use the global setTimeout and setInterval',
  tls: 'use fetch',
  url: 'use the globals URL and URLSearchParams',
  util: 'use the Web APIs (structuredClone, TextEncoder), or the npm package `util`',
  worker_threads: 'call another function with fetch for work of its own',
  zlib: 'use CompressionStream and DecompressionStream',
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
