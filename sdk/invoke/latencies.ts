/** The shares of a new sample in the average: a probe is worth more than a call, of which other things may have taken their time. */
const shares = { probe: 0.5, call: 0.2 } as const
/** What was measured so long ago counts half: networks change. */
const halfLifeMs = 60_000
/** Older than so, nothing counts. */
const forgottenMs = 600_000
/** One sample moves the average as if it were so many times as long, at most, and this. */
const outlierFactor = 3
const outlierMs = 20
/** What is told stays until the average differs by more: noise must not move calls between nodes. */
const stepMs = 3
const stepShare = 0.15

interface Measured {
  averageMs: number
  /** The last probe's, below which no claim of the node brings a call. */
  probedMs: number
  toldMs: number
  atMs: number
  probedAtMs: number
}

/**
 * Round trips to nodes: moving averages of probes and of what calls took. Times are of one steady clock.
 *
 * A probe can not be answered before it is there, so it makes no node look nearer than it is. The time that a node says to have worked is taken off
 * what a call took; a node that exaggerates it gains half of its round trip at most.
 */
export class Latencies {
  readonly #measured = new Map<string, Measured>()

  probed(name: string, ms: number, nowMs: number): void {
    const known = this.#fresh(name, nowMs)
    if (known === undefined) {
      this.#measured.set(name, { averageMs: ms, probedMs: ms, toldMs: ms, atMs: nowMs, probedAtMs: nowMs })
      return
    }
    known.probedMs = ms
    known.probedAtMs = nowMs
    this.#add(known, ms, shares.probe, nowMs)
  }

  /** The head of an answer came after `headMs`, of which the node says to have worked `workedMs`. Counts where the node has been probed. */
  answered(name: string, headMs: number, workedMs: number, nowMs: number): void {
    const known = this.#fresh(name, nowMs)
    if (known !== undefined) this.#add(known, Math.max(headMs - workedMs, known.probedMs / 2), shares.call, nowMs)
  }

  /** Round trip in ms; undefined where it is not known. */
  get(name: string, nowMs: number): number | undefined {
    return this.#fresh(name, nowMs)?.toldMs
  }

  /** How long ago it was probed, in ms; infinite where it was not. */
  probeAgeMs(name: string, nowMs: number): number {
    return nowMs - (this.#fresh(name, nowMs)?.probedAtMs ?? Number.NEGATIVE_INFINITY)
  }

  retain(names: ReadonlySet<string>): void {
    for (const name of this.#measured.keys()) if (!names.has(name)) this.#measured.delete(name)
  }

  #fresh(name: string, nowMs: number): Measured | undefined {
    const known = this.#measured.get(name)
    return known !== undefined && nowMs - known.atMs < forgottenMs ? known : undefined
  }

  #add(known: Measured, ms: number, share: number, nowMs: number): void {
    const sampleMs = Math.min(ms, known.averageMs * outlierFactor + outlierMs)
    const kept = (1 - share) * 2 ** (-Math.max(0, nowMs - known.atMs) / halfLifeMs)
    known.averageMs = kept * known.averageMs + (1 - kept) * sampleMs
    known.atMs = nowMs
    if (Math.abs(known.averageMs - known.toldMs) > Math.max(stepMs, stepShare * known.toldMs)) known.toldMs = known.averageMs
  }
}
