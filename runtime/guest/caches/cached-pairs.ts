import { getHeader, type RequestFields, type ResponseRecord } from '../fetch/index.ts'

/** A request and the answer to it, as one cache has them. */
export interface CachedPair {
  /** The cache that it belongs to. */
  readonly owner: object
  readonly request: RequestFields
  /** Without its body. */
  readonly response: ResponseRecord
  /** The body, undefined for none. Never written to. */
  readonly bytes: Uint8Array | undefined
}

/** https://w3c.github.io/ServiceWorker/#dictdef-cachequeryoptions */
export interface QueryOptions {
  readonly ignoreSearch: boolean
  readonly ignoreMethod: boolean
  readonly ignoreVary: boolean
}

const maximumPairs = 500
const maximumBytes = 4 * 1024 * 1024
/** What is larger is not kept. */
const maximumPairBytes = 1024 * 1024

/** What all caches of an isolate keep, in the order in which it came: bounded, the oldest goes first. */
export class CachedPairs {
  readonly #pairs = new Map<CachedPair, number>()
  #bytes = 0

  /** The pairs of one cache that answer a query; all of them where there is none. */
  find(owner: object, query: RequestFields | undefined, options: QueryOptions): CachedPair[] {
    return [...this.#pairs.keys()].filter((pair) => pair.owner === owner && (query === undefined || matches(query, pair, options)))
  }

  add(pair: CachedPair): void {
    const size = sizeOf(pair)
    if (size > maximumPairBytes) return
    this.#pairs.set(pair, size)
    this.#bytes += size
    for (const oldest of this.#pairs.keys()) {
      if (this.#bytes <= maximumBytes && this.#pairs.size <= maximumPairs) return
      this.remove(oldest)
    }
  }

  remove(pair: CachedPair): void {
    this.#bytes -= this.#pairs.get(pair) ?? 0
    this.#pairs.delete(pair)
  }
}

/** The names in `Vary`, in lower case. */
export function varyOf(response: ResponseRecord): string[] {
  const names = getHeader(response.headerList, 'vary')
  return names === null ? [] : names.split(',').map((name) => name.trim().toLowerCase())
}

/** https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm */
export function matches(query: RequestFields, { request, response }: CachedPair, options: QueryOptions): boolean {
  if (!options.ignoreMethod && query.method !== 'GET') return false
  if (comparable(query.url, options.ignoreSearch) !== comparable(request.url, options.ignoreSearch)) return false
  if (options.ignoreVary) return true
  return varyOf(response).every((name) => name !== '*' && getHeader(query.list, name) === getHeader(request.list, name))
}

function comparable(url: string, ignoreSearch: boolean): string {
  const [withoutFragment = ''] = url.split('#', 1)
  return ignoreSearch ? (withoutFragment.split('?', 1)[0] ?? '') : withoutFragment
}

/** In bytes, roughly. */
function sizeOf({ request, response, bytes }: CachedPair): number {
  const texts = [request.url, ...request.list, ...response.headerList]
  return texts.reduce((sum, text) => sum + text.length, 256) + (bytes?.length ?? 0)
}
