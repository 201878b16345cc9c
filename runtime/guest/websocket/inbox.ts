import type { MessageSink } from './message-sink.ts'

/**
 * What comes in for a socket: kept until somebody takes it, then passed on at once.
 *
 * Invariant: messages leave in the order in which they came, and none is kept once there is a taker.
 */
export class Inbox implements MessageSink {
  onRelease: (() => void) | undefined
  #taker: MessageSink | undefined
  #kept: ((taker: MessageSink) => void)[] = []

  get isHolding(): boolean {
    return this.#taker?.isHolding ?? true
  }
  get backlogBytes(): number {
    return this.#taker?.backlogBytes ?? 0
  }

  /** Everything goes to `taker` from now on, first what was kept. */
  attach(taker: MessageSink): void {
    this.#taker = taker
    taker.onRelease = () => this.onRelease?.()
    const kept = this.#kept
    this.#kept = []
    for (const pass of kept) pass(taker)
    if (!taker.isHolding) this.onRelease?.()
  }

  message(isText: boolean, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#taker === undefined) this.#kept.push((taker) => taker.message(isText, bytes))
    else this.#taker.message(isText, bytes)
  }

  close(code: number, reason: string): void {
    if (this.#taker === undefined) this.#kept.push((taker) => taker.close(code, reason))
    else this.#taker.close(code, reason)
  }

  lose(error: unknown): void {
    if (this.#taker === undefined) this.#kept.push((taker) => taker.lose(error))
    else this.#taker.lose(error)
  }
}
