import { LEAST_UPPER_BOUND, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { LRUCache } from 'lru-cache'
import { bundleFileName } from '../protocol/index.ts'
import type { Store } from '../store/index.ts'

/** A larger source map is not parsed: it would hold the whole process up. */
const parsedBytesMax = 32 * 1024 * 1024
const cachedBytesMax = 128 * 1024 * 1024

export interface MappedStack {
  readonly stack: string
  /** `file:line:column` of the first frame that could be mapped. */
  readonly location: string | undefined
}

/** Rewrites positions in bundles to positions in the sources, by the source map that was uploaded with the version. */
export class StackMapper {
  readonly #store: Store
  readonly #maps = new LRUCache<string, { readonly map: TraceMap | undefined }>({
    max: 1_000,
    maxSize: cachedBytesMax,
    maxEntrySize: parsedBytesMax * 2,
    sizeCalculation: (_value, key) => Number(key.slice(key.indexOf(':') + 1)) + 1_000,
  })

  constructor(store: Store) {
    this.#store = store
  }

  /** The stack as it came where there is no usable source map. Never rejects for a map's sake. */
  async map(sourceMapHash: string | undefined, stack: string): Promise<MappedStack> {
    const map = sourceMapHash === undefined ? undefined : await this.#read(sourceMapHash)
    if (map === undefined) return { stack, location: undefined }
    let location: string | undefined
    const lines = stack.split('\n').map((line) => {
      const mapped = mapLine(map, line)
      if (mapped === undefined) return line
      location ??= mapped.location
      return mapped.line
    })
    return { stack: lines.join('\n'), location }
  }

  async #read(hash: string): Promise<TraceMap | undefined> {
    for (const key of this.#maps.keys()) if (key.startsWith(`${hash}:`)) return this.#maps.get(key)?.map
    const bytes = await this.#store.readArtifact(hash)
    const size = bytes?.byteLength ?? 0
    const map = bytes === undefined || size > parsedBytesMax ? undefined : parse(bytes)
    if (bytes !== undefined) this.#maps.set(`${hash}:${size}`, { map })
    return map
  }
}

function parse(bytes: Uint8Array): TraceMap | undefined {
  try {
    return new TraceMap(new TextDecoder().decode(bytes))
  } catch {
    // Uploaded by the publisher and not validated then: without it stacks stay as they are.
    return undefined
  }
}

/** `at name (worker.js:1:2)`, `at worker.js:1:2`, or `worker.js:1` at the head of a SyntaxError. Frames of the runtime stay. */
const position = new RegExp(String.raw`(?<![^\s(])${RegExp.escape(bundleFileName)}:(\d+)(?::(\d+))?(?=\)?\s*$)`)

function mapLine(map: TraceMap, line: string): { readonly line: string; readonly location: string } | undefined {
  const match = position.exec(line)
  if (match === null) return undefined
  const location = find(map, Number(match[1]), Number(match[2] ?? 1) - 1)
  return location === undefined ? undefined : { line: line.replace(position, () => location), location }
}

function find(map: TraceMap, line: number, column: number): string | undefined {
  if (line < 1 || column < 0) return undefined
  const exact = originalPositionFor(map, { line, column })
  const found = exact.source === null ? originalPositionFor(map, { line, column, bias: LEAST_UPPER_BOUND }) : exact
  return found.source === null ? undefined : `${found.source}:${found.line}:${found.column + 1}`
}
