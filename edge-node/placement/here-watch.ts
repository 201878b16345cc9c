import { Samples } from './samples.ts'
import { placementSettings as settings } from './settings.ts'
import { neededGainMs } from './trial.ts'
import type { Waits } from './waits.ts'

/** Of a node's own measurements so many of the last count. */
const memory = 64

/** How requests of a function do that are run where they come in: what they take, and how they wait for subrequests. */
export class HereWatch {
  readonly times = new Samples(memory)
  /** In ms. */
  readonly waited = new Samples(memory)
  readonly rounds = new Samples(memory)
  /** 1 for an answer of status 500 or above, 0 for another. */
  readonly #failures = new Samples(16)

  count(ms: number, status: number, waits: Pick<Waits, 'rounds' | 'waitedMs'> | undefined): void {
    this.#failures.add(status >= 500 ? 1 : 0)
    if (status >= 400) return
    this.times.add(ms)
    this.waited.add(waits?.waitedMs ?? 0)
    this.rounds.add(waits?.rounds ?? 0)
  }

  /** Whether so much fails that nothing can be compared, as where the back end is down. */
  get fails(): boolean {
    return this.#failures.mean > settings.failingShare
  }

  get isKnown(): boolean {
    return this.times.count >= settings.hereMin
  }

  /** Whether it waits for so long that not waiting would be worth moving. */
  get mayGain(): boolean {
    return this.waited.mean > neededGainMs(this.times.mean)
  }
}
