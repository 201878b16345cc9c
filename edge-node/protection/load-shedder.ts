import { FairAdmission } from './fair-admission.ts'
import { StandingDelay, type StandingDelayOptions } from './standing-delay.ts'

export interface LoadShedderOptions extends StandingDelayOptions {
  /** Requests in a second to which an account is held at the least. */
  readonly levelMin: number
}

/** A delay that fell by less than this since the interval before did not fall. */
const fallMin = 0.95
/** Of the target. */
const slackShare = 0.1

/**
 * Refuses requests of who asks most while a queue stands: the delay decides whether, fairness whom.
 *
 * Invariants: nobody is refused unless the delay stood above its target for an interval; while it falls nothing is tightened further,
 * since what was let in before is still in the queue.
 */
export class LoadShedder {
  readonly #delay: StandingDelay
  /** Where next to nothing waits for two intervals, whoever asked so much is gone: one alone only shows that the queue has drained. */
  readonly #slackMs: number
  readonly #admission: FairAdmission
  #beforeMs = 0
  #isTightened = false

  constructor(options: LoadShedderOptions) {
    this.#delay = new StandingDelay(options)
    this.#slackMs = options.targetMs * slackShare
    this.#admission = new FairAdmission(options.levelMin)
  }

  /** Whether anybody may be refused. */
  get isShedding(): boolean {
    return this.#admission.isLimiting
  }

  /** What somebody who came now would wait, as far as is known. Call it several times an interval. */
  sample(nowMs: number, delayMs: number): void {
    const finding = this.#delay.sample(nowMs, delayMs)
    if (finding === undefined) return
    this.#admission.fade(nowMs)
    const hasFallen = finding.leastMs < this.#beforeMs * fallMin
    // The interval after a step still shows what was before it.
    const isTooEarly = this.#isTightened
    this.#isTightened = false
    if (!finding.isStanding) {
      this.#admission.ease(Math.max(finding.leastMs, this.#beforeMs) < this.#slackMs ? 'much' : 'little')
    } else if (hasFallen || isTooEarly) {
      this.#admission.hold()
    } else {
      this.#admission.tighten()
      this.#isTightened = true
    }
    this.#beforeMs = finding.leastMs
  }

  /** Counts a request and says whether it may begin. */
  admit(party: string, member: string): boolean {
    return this.#admission.admit(party, member)
  }
}
