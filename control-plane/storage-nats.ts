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

const toldAgainMs = 60_000

/** Log and bus over one connection. */
export async function openReplicatedStorage(options: ReplicatedStorageOptions): Promise<Storage> {
  const { nats, file, derive, log, ...limits } = options
  const { name = defaultNatsName, replicas } = nats
  const link = new NatsLink(nats)
  let told: { readonly message: string; readonly atMs: number } | undefined
  const onFailure = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error)
    const nowMs = performance.now()
    // It is tried every second: once a minute is enough.
    if (message === told?.message && nowMs - told.atMs < toldAgainMs) return
    told = { message, atMs: nowMs }
    log({ level: 'error', message, ...(error instanceof Error && error.cause instanceof Error ? { cause: error.cause.message } : {}) })
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
