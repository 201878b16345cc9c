import type { CellQueue } from '../../runtime/supervisor/index.ts'

/** Bytes that may wait for one cell to take them before uploads to it pause; each upload adds at most its credit after that. */
const backlogBytesMax = 32 * 1024 * 1024

/**
 * Has uploads wait while a cell does not take what was sent to it. Credit bounds each of them; this bounds all together, where thousands send at
 * once to a cell that is busy.
 */
export class UploadBrake {
  readonly #waiting = new Map<() => void, CellQueue>()

  get waiting(): number {
    return this.#waiting.size
  }

  /** Whether the upload has to wait; then `resume` is called when it need not any longer. */
  hold(queue: CellQueue | undefined, resume: () => void): boolean {
    if (queue === undefined || queue.backlogBytes <= backlogBytesMax) return false
    this.#waiting.set(resume, queue)
    return true
  }

  /** It waits no longer. */
  leave(resume: () => void): void {
    this.#waiting.delete(resume)
  }

  /** Lets those go on whose cell has caught up. Call it often. */
  look(): void {
    for (const [resume, queue] of this.#waiting) {
      if (queue.backlogBytes > backlogBytesMax / 2) continue
      this.#waiting.delete(resume)
      resume()
    }
  }
}
