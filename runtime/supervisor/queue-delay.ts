/** Fewer turns ahead of a frame are no queue, however long each of them takes: some functions compute for half a second. */
const turnsMin = 16
/** Longer than this is a queue even so. */
const longMs = 5_000
/** What the last ping showed holds for so long: a cell with work is asked several times meanwhile, an idle one has no queue. */
const validMs = 250

/**
 * How long a frame waits in a cell, by its pings: a cell takes frames in order, so that a ping waits as long as a request would. The cell's own
 * count of turns tells a long queue from a long turn.
 */
export class QueueDelay {
  #pinged: { readonly atMs: number; readonly turns: number } | undefined
  #latestMs = 0
  #answeredMs = 0

  /** A ping was sent, with none before it unanswered. */
  ping(nowMs: number, turns: number): void {
    this.#pinged ??= { atMs: nowMs, turns }
  }

  /** It was answered. */
  pong(nowMs: number, turns: number): void {
    this.#latestMs = this.#waited(nowMs, turns)
    this.#answeredMs = nowMs
    this.#pinged = undefined
  }

  /** Of the last ping, or of the one that still waits where it has waited for longer. */
  delayMs(nowMs: number, turns: number): number {
    return Math.max(nowMs - this.#answeredMs <= validMs ? this.#latestMs : 0, this.#waited(nowMs, turns))
  }

  #waited(nowMs: number, turns: number): number {
    if (this.#pinged === undefined) return 0
    const waitedMs = nowMs - this.#pinged.atMs
    const turnsAhead = (turns - this.#pinged.turns) >>> 0
    return turnsAhead >= turnsMin || waitedMs >= longMs ? waitedMs : 0
  }
}
