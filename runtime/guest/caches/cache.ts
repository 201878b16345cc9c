import { DOMException } from '../dom-exception.ts'
import { fetch } from '../exchange/index.ts'
import { Body, consumeBytes, createRequest, createResponse, Request, type RequestFields, RequestRecord, requestRecordOf, type Response, type ResponseRecord, responseRecordOf } from '../fetch/index.ts'
import { requireArguments, toDictionary } from '../webidl.ts'
import { toSequence } from '../webidl/sequences.ts'
import { type CachedPair, CachedPairs, matches, type QueryOptions, varyOf } from './cached-pairs.ts'

const token = Symbol('Cache')
const byDefault: QueryOptions = { ignoreSearch: false, ignoreMethod: false, ignoreVary: false }

/** What builds the class Cache, over what all caches of the isolate keep, and a function that opens one. */
export function buildCache() {
  const pairs = new CachedPairs()

  /** https://w3c.github.io/ServiceWorker/#cache-interface */
  class Cache {
    /** Whose pairs they are: the same for each object of one cache. */
    readonly #owner: object

    constructor(key: unknown = undefined, owner: object = {}) {
      if (key !== token) throw new TypeError('Illegal constructor')
      this.#owner = owner
    }

    async match(request: unknown, options: unknown = undefined): Promise<Response | undefined> {
      const owner = this.#owner
      requireArguments(arguments.length, 1, 'Cache.match')
      const query = toQuery(request)
      const [first] = pairs.find(owner, query, toQueryOptions(options))
      return first === undefined ? undefined : toResponse(first)
    }

    async matchAll(request: unknown = undefined, options: unknown = undefined): Promise<readonly Response[]> {
      const owner = this.#owner
      const query = request === undefined ? undefined : toQuery(request)
      return Object.freeze(pairs.find(owner, query, toQueryOptions(options)).map(toResponse))
    }

    async add(request: unknown): Promise<void> {
      const owner = this.#owner
      requireArguments(arguments.length, 1, 'Cache.add')
      await addAll(owner, [request])
    }

    async addAll(requests: unknown): Promise<void> {
      const owner = this.#owner
      requireArguments(arguments.length, 1, 'Cache.addAll')
      await addAll(owner, toSequence(requests, 'the requests', (request) => request))
    }

    /** https://w3c.github.io/ServiceWorker/#cache-put */
    async put(request: unknown, response: unknown): Promise<void> {
      const owner = this.#owner
      requireArguments(arguments.length, 2, 'Cache.put')
      const query = toQuery(request)
      const record = responseRecordOf(response)
      if (record === undefined) throw new TypeError('what is to be put is no Response')
      requireStorable(query, record)
      replace([await read(owner, query, record)])
    }

    async delete(request: unknown, options: unknown = undefined): Promise<boolean> {
      const owner = this.#owner
      requireArguments(arguments.length, 1, 'Cache.delete')
      const found = pairs.find(owner, toQuery(request), toQueryOptions(options))
      for (const pair of found) pairs.remove(pair)
      return found.length > 0
    }

    async keys(request: unknown = undefined, options: unknown = undefined): Promise<readonly Request[]> {
      const owner = this.#owner
      const query = request === undefined ? undefined : toQuery(request)
      return Object.freeze(pairs.find(owner, query, toQueryOptions(options)).map(toRequest))
    }
  }

  /** Puts pairs in the place of those that they answer like. */
  function replace(added: readonly CachedPair[]): void {
    for (const pair of added) {
      for (const old of pairs.find(pair.owner, pair.request, byDefault)) pairs.remove(old)
      pairs.add(pair)
    }
  }

  /** https://w3c.github.io/ServiceWorker/#cache-addAll: all of them, or none. */
  async function addAll(owner: object, requests: readonly unknown[]): Promise<void> {
    const toFetch: unknown[] = requests.map((request) => (requestRecordOf(request) === undefined ? new Request(request) : request))
    const queries = toFetch.map(toQuery)
    for (const query of queries) requireCacheable(query)
    const added = await Promise.all(queries.map(async (query, index) => {
      const record = responseRecordOf(await fetch(toFetch[index]))
      if (record === undefined || record.status < 200 || record.status > 299) throw new TypeError(`${query.url} was answered with ${record?.status ?? 0}`)
      requireStorable(query, record)
      return read(owner, query, record)
    }))
    const isTwice = added.some(({ request }, index) => added.slice(0, index).some((earlier) => matches(request, earlier, byDefault)))
    if (isTwice) throw new DOMException('A request is there twice', 'InvalidStateError')
    replace(added)
  }

  return { Cache, open: (owner: object) => new Cache(token, owner) }
}

/** RequestInfo. */
function toQuery(request: unknown): RequestFields {
  const record = requestRecordOf(request) ?? requestRecordOf(new Request(request))
  if (record === undefined) throw new TypeError('what is looked for is no Request')
  return record.fields
}

export function toQueryOptions(options: unknown): QueryOptions {
  const { ignoreMethod, ignoreSearch, ignoreVary } = toDictionary(options, 'CacheQueryOptions')
  return { ignoreMethod: Boolean(ignoreMethod), ignoreSearch: Boolean(ignoreSearch), ignoreVary: Boolean(ignoreVary) }
}

function requireCacheable({ method, url }: RequestFields): void {
  if (!url.startsWith('http:') && !url.startsWith('https:')) throw new TypeError('only http: and https: requests are cached')
  if (method !== 'GET') throw new TypeError('only GET requests are cached')
}

function requireStorable(request: RequestFields, response: ResponseRecord): void {
  requireCacheable(request)
  if (response.status === 206) throw new TypeError('a part of a resource is not cached')
  if (response.webSocket !== undefined) throw new TypeError('a response with a WebSocket is not cached')
  if (varyOf(response).includes('*')) throw new TypeError('a response that varies by everything is not cached')
  if (response.body?.unusable === true) throw new TypeError('the body of the response is used or locked')
}

async function read(owner: object, request: RequestFields, response: ResponseRecord): Promise<CachedPair> {
  const bytes = response.body === undefined ? undefined : await consumeBytes(() => response.body)
  return { owner, request: { ...request, list: [...request.list] }, response: response.withBody(undefined), bytes }
}

export function toResponse({ response, bytes }: CachedPair): Response {
  return createResponse(response.withBody(bytes === undefined ? undefined : Body.shared(bytes)))
}

function toRequest({ request }: CachedPair): Request {
  return createRequest(new RequestRecord(() => ({ ...request, list: [...request.list] }), undefined, undefined))
}
