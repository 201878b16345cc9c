/** Packages without declarations, as far as they are used here. */

declare module 'events/events.js' {
  import type { EventEmitter } from 'node:events'

  const Emitter: typeof EventEmitter
  export = Emitter
}

declare module 'readable-stream/lib/stream.js' {
  import type Stream from 'node:stream'

  const stream: typeof Stream
  export = stream
}

declare module 'string_decoder/lib/string_decoder.js' {
  export { StringDecoder } from 'node:string_decoder'
}

declare module 'path-browserify' {
  import type { PlatformPath } from 'node:path'

  const path: PlatformPath
  export = path
}

declare module 'assert/build/assert.js' {
  import type assert from 'node:assert'

  const exported: typeof assert
  export = exported
}

declare module 'assert/build/internal/util/comparisons.js' {
  export function isDeepEqual(left: unknown, right: unknown): boolean
  export function isDeepStrictEqual(left: unknown, right: unknown): boolean
}

declare module 'unenv/node/internal/buffer/buffer' {
  export { Buffer, INSPECT_MAX_BYTES, kMaxLength } from 'node:buffer'
  export const SlowBuffer: (size: number) => Buffer
}

declare module 'unenv/node/constants' {
  export * from 'node:constants'
}

declare module 'unenv/node/os' {
  export * from 'node:os'
}

declare module 'unenv/node/punycode' {
  export * from 'node:punycode'
}

declare module 'unenv/node/querystring' {
  export * from 'node:querystring'
}

declare module 'unenv/node/url' {
  export * from 'node:url'
  export const Url: new () => object
  export const resolveObject: (source: string, relative: string) => object
}

declare module '@pkgjs/parseargs' {
  export { parseArgs } from 'node:util'
}
