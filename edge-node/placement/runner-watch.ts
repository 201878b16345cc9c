import { Damping } from './damping.ts'
import { Samples } from './samples.ts'
import { placementSettings as settings } from './settings.ts'

/** A node to which the requests of a function go, as the door sees it: whether it answers, and how it does. */
export class RunnerWatch {
  readonly name: string
  /** From a request's coming to the head of its answer. */
  readonly times = new Samples(24)
  /** Those since they were last judged: a change is seen in them at once. */
  #block = new Samples()
  /** 1 for an answer of status 500 or above, 0 for another. */
  readonly #failures = new Samples(32)
  readonly #suspension = new Damping(settings.suspendMs, settings.suspendMsMax, settings.calmMs)
  /** Who is counted in flight; those given up belong to one before. */
  #flight = { requests: 0, sinceMs: 0 }
  #failingSinceMs: number | undefined

  constructor(name: string) {
    this.name = name
  }

  /** Whether it takes a request now. After a failure it gets a few at a time, until it has answered one. */
  takes(nowMs: number): boolean {
    const { requests, sinceMs } = this.#flight
    if (requests > 0 && nowMs - sinceMs > Math.max(settings.stallMs, 4 * this.times.mean)) this.suspend(nowMs)
    if (this.#suspension.isOn(nowMs)) return false
    return this.#failingSinceMs === undefined || this.#flight.requests < settings.provingMax
  }

  /** Whether it has answered nothing since it failed, for so long that it is not waited for. */
  isLost(nowMs: number): boolean {
    return this.#failingSinceMs !== undefined && nowMs - this.#failingSinceMs > settings.goneMs
  }

  /** Answers what is to be called with what became of it: once. */
  begin(nowMs: number): (atMs: number, answer: 'answered' | 'given up') => void {
    const flight = this.#flight
    if (flight.requests === 0) flight.sinceMs = nowMs
    flight.requests += 1
    return (atMs, answer) => {
      flight.requests -= 1
      if (answer !== 'answered') return
      flight.sinceMs = atMs
      this.#failingSinceMs = undefined
    }
  }

  count(ms: number, status: number, isComparable: boolean): void {
    this.#failures.add(status >= 500 ? 1 : 0)
    if (!isComparable || status >= 400) return
    this.times.add(ms)
    this.#block.add(ms)
  }

  /** It could not be reached, broke off, refused, or hangs. */
  suspend(nowMs: number): void {
    this.#suspension.fail(nowMs)
    this.#flight = { requests: 0, sinceMs: 0 }
    this.#failingSinceMs ??= nowMs
  }

  get failsOften(): boolean {
    return this.#failures.count >= settings.samplesMin && this.#failures.mean > 0.5
  }

  /** Asked after each answer: whether it clearly takes more, of late, than what was measured elsewhere, less so many ms. */
  isSlowerThan(elsewhere: Samples, lessMs: number): boolean {
    const { count, mean, squaredError } = this.#block
    if (count < settings.blockSize) return false
    this.#block = new Samples()
    return mean - settings.certainty * Math.sqrt(squaredError + elsewhere.squaredError) > elsewhere.mean - lessMs
  }
}
