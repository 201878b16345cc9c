import type { PlacementCounts } from './placement.ts'
import type { Assignment, VersionPlacement } from './version-placement.ts'
import { Waits } from './waits.ts'

export interface PlacedRequestOptions {
  readonly placement: VersionPlacement
  readonly assignment: Assignment
  readonly isHere: boolean
  readonly startedMs: number
  readonly now: () => number
  readonly counts: PlacementCounts
}

/** A request of which is decided where it is run: is told what becomes of it, once. */
export class PlacedRequest {
  /** Told of the subrequests where it is run here. */
  readonly waits: Waits | undefined
  readonly #options: PlacedRequestOptions
  #isOver = false

  constructor(options: PlacedRequestOptions) {
    this.#options = options
    this.waits = options.isHere ? new Waits() : undefined
  }

  /** Name of the node that it shall be forwarded to; undefined where it is run here. */
  get node(): string | undefined {
    return this.#options.isHere ? undefined : this.#options.assignment.node
  }

  /** The head of its answer came, of this node: another than was asked for tells nothing. */
  answered(status: number, node = this.#options.assignment.node): void {
    const { placement, assignment, startedMs, now } = this.#options
    if (this.#isOver || node !== assignment.node) return
    this.#isOver = true
    const nowMs = now()
    placement.answered(assignment, nowMs - startedMs, status, this.waits, nowMs)
  }

  /** The node that it was forwarded to did not answer it. */
  failed(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.counts.returned += 1
    this.#options.placement.failed(this.#options.assignment, this.#options.now())
  }

  /** The node had too much to do: this one is no reason to leave it alone. */
  refused(): void {
    if (!this.#isOver) this.#options.counts.returned += 1
    this.over()
  }

  /** Nothing can be told of it any more. */
  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.placement.givenUp(this.#options.assignment, this.#options.now())
  }
}
