import { GuestEvent, type Transfer } from '../bridge/index.ts'

/**
 * The subrequests of one isolate that are under way, by exchange.
 *
 * Invariant: none stays when the node is done with it: a request that serves a WebSocket goes on for days, and makes some for each message.
 */
export class SubrequestTable {
  readonly #parents = new Map<number, number>()

  get size(): number {
    return this.#parents.size
  }

  add(exchange: number, parent: number): void {
    this.#parents.set(exchange, parent)
  }

  has(exchange: number): boolean {
    return this.#parents.has(exchange)
  }

  /** The request that made it. */
  parentOf(exchange: number): number | undefined {
    return this.#parents.get(exchange)
  }

  /** False where there was none. */
  remove(exchange: number): boolean {
    return this.#parents.delete(exchange)
  }

  of(parent: number): number[] {
    const found: number[] = []
    for (const [exchange, owner] of this.#parents) if (owner === parent) found.push(exchange)
    return found
  }
}

/** Whether nothing more comes from the node on a subrequest after this event. */
export function isLastEvent(event: GuestEvent, body: Transfer): boolean {
  return event === GuestEvent.end || event === GuestEvent.reset || (event === GuestEvent.head && body !== true)
}
