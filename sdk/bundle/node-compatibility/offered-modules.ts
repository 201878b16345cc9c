/** A module of Node that bundles may import, by its name without `node:`. */
export interface OfferedModule {
  /** In the folder modules/, without its ending. */
  readonly file: string
  /** The export that `require` and `import x from` give; all exports together where there is none. */
  readonly main?: string
}

/** What is offered. docs/node-modules.md tells what each holds; a test compares. */
export const offeredModules: Readonly<Record<string, OfferedModule>> = {
  assert: { file: 'assert', main: 'assert' },
  'assert/strict': { file: 'assert-strict', main: 'assert' },
  async_hooks: { file: 'async-hooks' },
  buffer: { file: 'buffer' },
  console: { file: 'console', main: 'console' },
  constants: { file: 'constants' },
  crypto: { file: 'crypto' },
  diagnostics_channel: { file: 'diagnostics-channel' },
  events: { file: 'events', main: 'EventEmitter' },
  os: { file: 'os' },
  path: { file: 'path' },
  'path/posix': { file: 'path' },
  perf_hooks: { file: 'perf-hooks' },
  process: { file: 'process', main: 'process' },
  punycode: { file: 'punycode' },
  querystring: { file: 'querystring' },
  stream: { file: 'stream', main: 'Stream' },
  'stream/consumers': { file: 'stream-consumers' },
  'stream/promises': { file: 'stream-promises' },
  'stream/web': { file: 'stream-web' },
  string_decoder: { file: 'string-decoder' },
  sys: { file: 'util' },
  timers: { file: 'timers' },
  'timers/promises': { file: 'timers-promises' },
  url: { file: 'url' },
  util: { file: 'util' },
  'util/types': { file: 'util-types' },
}

/** The module that a specifier names: with `node:`, without, or with the slash at its end that names the npm package. */
export function findOffered(specifier: string): OfferedModule | undefined {
  const name = specifier.replace(/^node:/, '').replace(/\/$/, '')
  return Object.hasOwn(offeredModules, name) ? offeredModules[name] : undefined
}
