import type { StoredRevision } from './store.ts'

/** Who wants to be told of new revisions. */
export class RevisionListeners {
  readonly #listeners = new Set<(revision: StoredRevision) => void>()

  /** Until the returned function is called. */
  add(listener: (revision: StoredRevision) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  tell(revision: StoredRevision): void {
    for (const listener of [...this.#listeners]) listener(revision)
  }
}
