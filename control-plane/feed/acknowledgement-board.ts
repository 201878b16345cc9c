import { LRUCache } from 'lru-cache'
import type { z } from 'zod'
import { type Bus, MemoryBus } from '../bus/index.ts'
import { type Acknowledgement, acknowledgementSchema, nameSchema } from '../protocol/index.ts'

export type AcknowledgementListener = (node: string, outcome: Acknowledgement['outcome']) => void

const sequencesKept = 256
const topic = 'acknowledgement'
const messageSchema = acknowledgementSchema.pick({ sequence: true, outcome: true }).extend({ node: nameSchema })

/**
 * Hands acknowledgements to whoever waits for a revision's, at whichever replica. Those of the last few hundred revisions are kept for who
 * begins to wait when nodes have answered already, as they may where another process published.
 */
export class AcknowledgementBoard {
  readonly #bus: Bus
  readonly #stop: () => void
  readonly #listeners = new Map<number, AcknowledgementListener>()
  readonly #delivered = new LRUCache<number, Map<string, Acknowledgement['outcome']>>({ max: sequencesKept })

  constructor(bus: Bus = new MemoryBus()) {
    this.#bus = bus
    this.#stop = bus.subscribe(topic, (message) => {
      const parsed = messageSchema.safeParse(message)
      if (parsed.success) this.#receive(parsed.data)
    })
  }

  /** Listens for one revision, until the returned function is called. What has come already is told at once. */
  watch(sequence: number, listener: AcknowledgementListener): () => void {
    this.#listeners.set(sequence, listener)
    for (const [node, outcome] of this.#delivered.get(sequence) ?? []) listener(node, outcome)
    return () => {
      this.#listeners.delete(sequence)
    }
  }

  deliver(node: string, { sequence, outcome }: Pick<Acknowledgement, 'sequence' | 'outcome'>): void {
    this.#bus.publish(topic, { node, sequence, outcome } satisfies z.infer<typeof messageSchema>)
  }

  /** Stops listening to the other replicas. */
  close(): void {
    this.#stop()
  }

  #receive({ node, sequence, outcome }: z.infer<typeof messageSchema>): void {
    const listener = this.#listeners.get(sequence)
    if (listener !== undefined) return listener(node, outcome)
    const delivered = this.#delivered.get(sequence) ?? new Map<string, Acknowledgement['outcome']>()
    this.#delivered.set(sequence, delivered.set(node, outcome))
  }
}
