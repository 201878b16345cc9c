import { requireArguments, shapeInterface, toDictionary, toDomString } from '../webidl.ts'
import { buildCache } from './cache.ts'

const token = Symbol('CacheStorage')

function build() {
  const { Cache, create } = buildCache()
  type Cache = ReturnType<typeof create>

  /**
   * https://w3c.github.io/ServiceWorker/#cachestorage-interface, with the default cache of Workers.
   *
   * What is stored lives in the isolate: it is gone with it, is not shared with the function's other isolates, and the oldest goes first
   * where it becomes too much. That is within the standard, which lets a cache be evicted at any time.
   */
  class CacheStorage {
    readonly #caches = new Map<string, Cache>()
    readonly #default = create()

    constructor(key: unknown = undefined) {
      if (key !== token) throw new TypeError('Illegal constructor')
    }

    /** A cache that has no name. */
    get default(): Cache {
      return this.#default
    }

    async match(request: unknown, options: unknown = undefined): Promise<unknown> {
      const caches = this.#caches
      requireArguments(arguments.length, 1, 'CacheStorage.match')
      const { cacheName } = toDictionary(options, 'MultiCacheQueryOptions')
      if (cacheName !== undefined) return caches.get(toDomString(cacheName))?.match(request, options)
      // Converts the arguments where there is no cache, too.
      let found: unknown = await create().match(request, options)
      for (const cache of caches.values()) found ??= await cache.match(request, options)
      return found
    }

    async has(cacheName: unknown): Promise<boolean> {
      const caches = this.#caches
      requireArguments(arguments.length, 1, 'CacheStorage.has')
      return caches.has(toDomString(cacheName))
    }

    async open(cacheName: unknown): Promise<Cache> {
      const caches = this.#caches
      requireArguments(arguments.length, 1, 'CacheStorage.open')
      const name = toDomString(cacheName)
      const cache = caches.get(name) ?? create()
      caches.set(name, cache)
      return cache
    }

    async delete(cacheName: unknown): Promise<boolean> {
      const caches = this.#caches
      requireArguments(arguments.length, 1, 'CacheStorage.delete')
      return caches.delete(toDomString(cacheName))
    }

    async keys(): Promise<string[]> {
      return [...this.#caches.keys()]
    }
  }

  shapeInterface(Cache, 'Cache')
  shapeInterface(CacheStorage, 'CacheStorage')
  return { Cache, CacheStorage, caches: new CacheStorage(token) } as const
}

/** Built together when one of them is first asked for. */
const built: { parts: ReturnType<typeof build> | undefined } = { parts: undefined }

function parts(): ReturnType<typeof build> {
  built.parts ??= build()
  return built.parts
}

export const buildCacheInterface = () => parts().Cache
export const buildCacheStorageInterface = () => parts().CacheStorage
export const buildCaches = () => parts().caches
