import type { Acknowledgement } from '../protocol/index.ts'

export type AcknowledgementListener = (node: string, outcome: Acknowledgement['outcome']) => void

/** Hands acknowledgements to whoever waits for a revision's. What nobody waits for any more is let go. */
export class AcknowledgementBoard {
  readonly #listeners = new Map<number, AcknowledgementListener>()

  /** Listens for one revision, until the returned function is called. */
  watch(sequence: number, listener: AcknowledgementListener): () => void {
    this.#listeners.set(sequence, listener)
    return () => {
      this.#listeners.delete(sequence)
    }
  }

  deliver(node: string, acknowledgement: Acknowledgement): void {
    this.#listeners.get(acknowledgement.sequence)?.(node, acknowledgement.outcome)
  }
}
