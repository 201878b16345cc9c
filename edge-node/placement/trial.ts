import { Samples } from './samples.ts'
import { placementSettings as settings } from './settings.ts'

export type Verdict = 'open' | 'won' | 'lost'

/** By how many ms a node has to be quicker than one that takes `ms`, for a function to move. */
export function neededGainMs(ms: number): number {
  return Math.max(settings.leastGainMs, settings.leastGainShare * ms)
}

/**
 * Requests of one function drawn by lot for two nodes at the same time: where it runs, and the challenger. Both are measured at the door, from
 * the request's coming to the head of its answer, so that the way to the node and back is in it, and nothing depends on what nodes tell.
 *
 * Invariants: whatever changes meanwhile (the back end's load, the mix of requests) meets both sides alike; who is better by chance does not win.
 */
export class Trial {
  readonly incumbent: string
  readonly challenger: string
  /** Whether the challenger is where the requests come in: it has to be no more than nearly as quick. */
  readonly isReturn: boolean
  readonly times = { incumbent: new Samples(), challenger: new Samples() }
  readonly #failures = { incumbent: 0, challenger: 0 }
  #warmUp: number = settings.warmUp
  #inFlight = 0
  #isOver = false

  constructor(incumbent: string, challenger: string, isReturn: boolean) {
    this.incumbent = incumbent
    this.challenger = challenger
    this.isReturn = isReturn
  }

  /** Whether another request may go to the challenger now. */
  get mayChallenge(): boolean {
    return !this.#isOver && this.#inFlight < (this.#warmUp > 0 ? 1 : settings.provingMax)
  }

  get isWarmingUp(): boolean {
    return this.#warmUp > 0
  }

  /** The challenger is given one. */
  begin(): void {
    this.#inFlight += 1
  }

  /** It is through, with an answer or without. */
  end(): void {
    this.#inFlight -= 1
  }

  /** `isFine` unless its status is 400 or above: such answers come quickly for the wrong reasons. */
  count(side: 'incumbent' | 'challenger', ms: number, isFine: boolean): Verdict {
    if (this.#isOver) return 'open'
    if (this.#warmUp > 0) {
      if (side === 'challenger') this.#warmUp -= 1
      return 'open'
    }
    if (isFine) this.times[side].add(ms)
    else this.#failures[side] += 1
    const verdict = this.#judge()
    this.#isOver = verdict !== 'open'
    return verdict
  }

  #judge(): Verdict {
    const { incumbent, challenger } = this.times
    if (this.#failsMore()) return 'lost'
    const taken = challenger.count + this.#failures.challenger
    const gainMs = incumbent.mean - challenger.mean
    const doubtMs = settings.certainty * Math.sqrt(incumbent.squaredError + challenger.squaredError)
    const least = Math.min(incumbent.count, challenger.count)
    if (least < settings.samplesMin) {
      const isHopeless = least >= settings.hopelessMin && gainMs + 2 * doubtMs < -incumbent.mean / 2
      return isHopeless || taken >= settings.samplesMax ? 'lost' : 'open'
    }
    // On its way back it wins unless staying away clearly saves half of what leaving had to.
    const neededMs = this.isReturn ? -neededGainMs(challenger.mean) / 2 : neededGainMs(incumbent.mean)
    if (gainMs > neededMs && gainMs - doubtMs > Math.min(neededMs, neededMs / 2)) return 'won'
    const samplesMax = gainMs > neededMs && !this.isReturn ? settings.promisingMax : settings.samplesMax
    return gainMs + doubtMs < neededMs || taken >= samplesMax ? 'lost' : 'open'
  }

  #failsMore(): boolean {
    const { incumbent, challenger } = this.#failures
    if (challenger < 3) return false
    const share = (failures: number, { count }: Samples): number => failures / Math.max(1, failures + count)
    return share(challenger, this.times.challenger) > 0.2 + share(incumbent, this.times.incumbent)
  }
}
