import { LRUCache } from 'lru-cache'
import type { Acknowledgement } from '../protocol/index.ts'

export type AcknowledgementListener = (node: string, outcome: Acknowledgement['outcome']) => void

const sequencesKept = 256

/**
 * Hands acknowledgements to whoever waits for a revision's. Those of the last few hundred revisions are kept for who begins to wait
 * when nodes have answered already, as they may where another process published.
 */
export class AcknowledgementBoard {
  readonly #listeners = new Map<number, AcknowledgementListener>()
  readonly #delivered = new LRUCache<number, Map<string, Acknowledgement['outcome']>>({ max: sequencesKept })

  /** Listens for one revision, until the returned function is called. What has come already is told at once. */
  watch(sequence: number, listener: AcknowledgementListener): () => void {
    this.#listeners.set(sequence, listener)
    for (const [node, outcome] of this.#delivered.get(sequence) ?? []) listener(node, outcome)
    return () => {
      this.#listeners.delete(sequence)
    }
  }

  deliver(node: string, { sequence, outcome }: Pick<Acknowledgement, 'sequence' | 'outcome'>): void {
    const listener = this.#listeners.get(sequence)
    if (listener !== undefined) return listener(node, outcome)
    const delivered = this.#delivered.get(sequence) ?? new Map<string, Acknowledgement['outcome']>()
    this.#delivered.set(sequence, delivered.set(node, outcome))
  }
}
