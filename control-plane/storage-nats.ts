import { NatsBus } from './bus/bus-nats.ts'
import { defaultNatsName, type NatsOptions } from './nats/index.ts'
import { NatsLink } from './nats/link-nats.ts'
import { openJetStreamStore } from './store/open-jetstream.ts'
import type { Storage } from './storage.ts'

export interface ReplicatedStorageOptions {
  readonly nats: NatsOptions
  /** This replica's own state. */
  readonly file: string
  /** Keys for one purpose each, the same at every replica. */
  readonly derive: (label: string) => Uint8Array
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
  readonly maximumBytes?: number
  readonly revisionsKept?: number
}

/** Log and bus over one connection. */
export async function openReplicatedStorage(options: ReplicatedStorageOptions): Promise<Storage> {
  const { nats, file, derive, log, ...limits } = options
  const { name = defaultNatsName, replicas } = nats
  const link = new NatsLink(nats)
  let told = ''
  const onFailure = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error)
    // It is tried every second: once is enough.
    if (message !== told) log({ level: 'error', message, cause: error instanceof Error ? String(error.cause) : undefined })
    told = message
  }
  try {
    const store = await openJetStreamStore({ link, name, replicas, file, key: derive('log'), onFailure, ...limits })
    const bus = new NatsBus({ link, name, key: derive('bus') })
    return {
      store,
      bus,
      isConnected: () => link.isConnected,
      async close() {
        await bus.close()
        await store.close()
        await link.close()
      },
    }
  } catch (error) {
    await link.close()
    throw error
  }
}
