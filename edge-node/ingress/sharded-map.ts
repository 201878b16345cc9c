const shardCount = 512

/**
 * A map that is never changed: `edit` makes another one, which shares with it whatever stays the same. Copying costs as much as the
 * shards that are touched hold, a five hundredth of the whole each.
 */
export class ShardedMap<V> {
  readonly #shards: readonly (ReadonlyMap<string, V> | undefined)[]
  readonly size: number

  private constructor(shards: readonly (ReadonlyMap<string, V> | undefined)[], size: number) {
    this.#shards = shards
    this.size = size
  }

  static empty<V>(): ShardedMap<V> {
    return new ShardedMap<V>([], 0)
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key)
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]?.has(key) === true
  }

  *keys(): Generator<string> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.keys()
  }

  *values(): Generator<V> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values()
  }

  /** The map with these values set, and those keys gone whose value is undefined. */
  edit(changes: ReadonlyMap<string, V | undefined>): ShardedMap<V> {
    const shards = [...this.#shards]
    const copies = new Map<number, Map<string, V>>()
    let { size } = this
    for (const [key, value] of changes) {
      const index = shardOf(key)
      const copy = copies.get(index) ?? new Map(shards[index])
      copies.set(index, copy)
      const had = copy.has(key)
      if (value === undefined) copy.delete(key)
      else copy.set(key, value)
      size += Number(copy.has(key)) - Number(had)
    }
    for (const [index, copy] of copies) shards[index] = copy
    return new ShardedMap(shards, size)
  }
}

/** FNV-1a; only the spread matters. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 8) % shardCount
}
