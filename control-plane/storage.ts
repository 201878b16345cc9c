import { join } from 'node:path'
import type { SecretBox } from './auth/index.ts'
import { type Bus, MemoryBus } from './bus/index.ts'
import type { NatsOptions } from './nats/index.ts'
import { openSqliteStore, type Store } from './store/index.ts'

export interface StorageOptions {
  readonly dataDirectory: string
  /** Servers that keep the log, for any number of replicas; a file in the data directory unless set. */
  readonly nats?: NatsOptions | undefined
  readonly maximumBytes?: number | undefined
  readonly revisionsKept?: number | undefined
}

/** What a control plane keeps, and what its replicas tell one another. */
export interface Storage {
  readonly store: Store
  readonly bus: Bus
  /** Whether the servers that keep the log are reached. */
  isConnected(): boolean
  close(): Promise<void>
}

/** The embedded store, or one replica of what NATS servers keep. Rejects with what the store does; see `openJetStreamStore`. */
export async function openStorage(options: StorageOptions, box: SecretBox, log: (entry: Readonly<Record<string, unknown>>) => void): Promise<Storage> {
  const { dataDirectory, nats, maximumBytes, revisionsKept } = options
  const limits = { ...(maximumBytes === undefined ? {} : { maximumBytes }), ...(revisionsKept === undefined ? {} : { revisionsKept }) }
  if (nats !== undefined) {
    const { openReplicatedStorage } = await import('./storage-nats.ts')
    return openReplicatedStorage({ nats, file: join(dataDirectory, 'replica.db'), derive: (label) => box.derive(label), log, ...limits })
  }
  const store = openSqliteStore({ file: join(dataDirectory, 'control-plane.db'), ...limits })
  const bus = new MemoryBus()
  return {
    store,
    bus,
    isConnected: () => true,
    async close() {
      await bus.close()
      await store.close()
    },
  }
}
