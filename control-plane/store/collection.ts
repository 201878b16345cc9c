import type { z } from 'zod'
import type { RecordRange, Store, StoreWrite } from './store.ts'

/**
 * One kind of records in the store: a name and the schema of its values. What is written goes into a commit with whatever belongs
 * together with it; what is read is checked, so that a value of an older release is noticed where it is read.
 */
export class Collection<T> {
  readonly name: string
  readonly #schema: z.ZodType<T>

  constructor(name: string, schema: z.ZodType<T>) {
    this.name = name
    this.#schema = schema
  }

  put(key: string, value: T): StoreWrite {
    return { kind: 'putRecord', collection: this.name, key, value }
  }

  remove(key: string): StoreWrite {
    return { kind: 'deleteRecord', collection: this.name, key }
  }

  async read(store: Store, key: string): Promise<T | undefined> {
    const value = await store.readRecord(this.name, key)
    return value === undefined ? undefined : this.#schema.parse(value)
  }

  /** In the order of the keys. */
  async list(store: Store, range: RecordRange): Promise<ReadonlyArray<{ readonly key: string; readonly value: T }>> {
    const records = await store.listRecords(this.name, range)
    return records.map(({ key, value }) => ({ key, value: this.#schema.parse(value) }))
  }
}
