import { SerialMap } from '../../bridge/index.ts'

/** What the host's events do to an exchange of either direction. */
export interface Exchange {
  readonly id: number
  /** The request that it is charged to; its own id for a request. */
  readonly ownerId: number
  /** Of a request: it has no answer yet, and its client's bytes are not what it waits for. */
  readonly isWaiting?: boolean
  /** The answer to a subrequest came. `body` as in the event `head`. */
  receiveHead?(head: string, body: unknown): void
  receiveChunk(bytes: Uint8Array): void
  receiveEnd(): void
  receiveReset(code: string, message: string): void
  receiveCredit(bytes: number): void
  /** The host is done with it: whatever still waits fails, and nothing is told to the host. */
  forget(): void
}

/** The exchanges that are under way in this isolate, requests and the subrequests that they own. */
export class ExchangeTable {
  readonly #exchanges = new SerialMap<Exchange>()
  readonly #owned = new Map<number, Set<Exchange>>()

  add(exchange: Exchange): void {
    this.#exchanges.set(exchange.id, exchange)
    if (exchange.ownerId === exchange.id) return
    const owned = this.#owned.get(exchange.ownerId)
    if (owned === undefined) this.#owned.set(exchange.ownerId, new Set([exchange]))
    else owned.add(exchange)
  }

  get(id: number): Exchange | undefined {
    return this.#exchanges.get(id)
  }

  has(id: number): boolean {
    return this.#exchanges.has(id)
  }

  values(): readonly Exchange[] {
    return this.#exchanges.values()
  }

  /** Whether the request has subrequests under way. */
  owns(requestId: number): boolean {
    return (this.#owned.get(requestId)?.size ?? 0) > 0
  }

  /** Takes it out; what it owned is forgotten with it. */
  remove(exchange: Exchange): void {
    this.#exchanges.delete(exchange.id)
    if (exchange.ownerId !== exchange.id) {
      this.#owned.get(exchange.ownerId)?.delete(exchange)
      return
    }
    const owned = this.#owned.get(exchange.id)
    if (owned === undefined) return
    this.#owned.delete(exchange.id)
    for (const each of owned) {
      this.#exchanges.delete(each.id)
      each.forget()
    }
  }
}
