import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SkerryError } from '../../errors/index.ts'
import type { KeySource } from '../auth/index.ts'
import type { NatsOptions } from '../nats/index.ts'
import { findDamage, openSqliteStore, replaceDatabase, type ReplacementOptions, type Store } from '../store/index.ts'

export interface OpenedStore {
  readonly store: Store
  readonly close: () => Promise<void>
}

/** Where a control plane keeps its state, looked at while none runs on it. */
export interface StoreLocation {
  /** For messages. */
  readonly name: string
  /** Opens it to be read. Throws `not_found` where there is nothing. */
  open(): Promise<OpenedStore>
  /** What is wrong with the pages of its file, where it has one that counts. */
  checkPages?(): readonly string[]
  /** Puts a filled store in its place; see `replaceDatabase`. */
  replace(options: ReplacementOptions): Promise<void>
}

export const databaseName = 'control-plane.db'
export const keyName = 'secret.key'

/** The data directory of a control plane with the embedded store. */
export function directoryLocation(directory: string): StoreLocation {
  const file = join(directory, databaseName)
  return {
    name: directory,
    async open() {
      if (!existsSync(file)) throw new SkerryError('not_found', `There is no state of a control plane in ${directory}.`, { field: 'from' })
      const store = openSqliteStore({ file, mode: 'read' })
      return { store, close: () => store.close() }
    },
    checkPages: () => (existsSync(file) ? findDamage(file) : []),
    async replace(options) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await replaceDatabase(file, options)
    },
  }
}

/** What servers of NATS keep; loaded where it is needed. */
export async function natsLocationOf(nats: NatsOptions, keys: KeySource): Promise<StoreLocation> {
  const { natsLocation } = await import('./location-nats.ts')
  return natsLocation(nats, keys)
}

/** Whether a place is named as servers of NATS (`nats://HOST:PORT`, several with commas) and not as a directory. */
export function isNats(place: string): boolean {
  return /^(?:nats|tls):\/\//.test(place)
}
