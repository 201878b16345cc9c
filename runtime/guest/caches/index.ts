import { requireArguments, shapeInterface, toDictionary, toDomString } from '../webidl.ts'
import { buildCache } from './cache.ts'

const token = Symbol('CacheStorage')

function build() {
  const { Cache, open } = buildCache()
  type Cache = ReturnType<typeof open>

  /**
   * https://w3c.github.io/ServiceWorker/#cachestorage-interface, with the default cache of Workers.
   *
   * What is stored lives in the isolate: it is gone with it, is not shared with the function's other isolates, and the oldest goes first
   * where it becomes too much. That is within the standard, which lets a cache be evicted at any time.
   */
  class CacheStorage {
    /** By name, what stands for the cache; each `open` makes another object of it. */
    readonly #owners = new Map<string, object>()
    readonly #default = open({})

    constructor(key: unknown = undefined) {
      if (key !== token) throw new TypeError('Illegal constructor')
    }

    /** A cache that has no name. */
    get default(): Cache {
      return this.#default
    }

    async match(request: unknown, options: unknown = undefined): Promise<unknown> {
      const owners = this.#owners
      requireArguments(arguments.length, 1, 'CacheStorage.match')
      const { cacheName } = toDictionary(options, 'MultiCacheQueryOptions')
      const owner = cacheName === undefined ? undefined : owners.get(toDomString(cacheName))
      const searched = cacheName === undefined ? [...owners.values()] : [owner ?? {}]
      // Where there is none, the arguments are converted all the same.
      for (const each of searched.length === 0 ? [{}] : searched) {
        const found = await open(each).match(request, options)
        if (found !== undefined) return found
      }
      return undefined
    }

    async has(cacheName: unknown): Promise<boolean> {
      const owners = this.#owners
      requireArguments(arguments.length, 1, 'CacheStorage.has')
      return owners.has(toDomString(cacheName))
    }

    async open(cacheName: unknown): Promise<Cache> {
      const owners = this.#owners
      requireArguments(arguments.length, 1, 'CacheStorage.open')
      const name = toDomString(cacheName)
      const owner = owners.get(name) ?? {}
      owners.set(name, owner)
      return open(owner)
    }

    async delete(cacheName: unknown): Promise<boolean> {
      const owners = this.#owners
      requireArguments(arguments.length, 1, 'CacheStorage.delete')
      return owners.delete(toDomString(cacheName))
    }

    async keys(): Promise<string[]> {
      return [...this.#owners.keys()]
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
