import { SkerryError } from '../../../errors/index.ts'
import type { Subrequest } from '../../../runtime/supervisor/index.ts'
import { fixedLimits } from '../../../runtime/bridge/index.ts'

/**
 * Subrequests of one request, or of one message: how many were made, how many wait for their head now, which wait for their turn; and how many
 * messages it sent to other functions.
 */
export class SubrequestBudget {
  readonly #limit: number
  #used = 0
  #messages = 0
  #active = 0
  /** First come, first served. */
  readonly #waiting = new Set<() => void>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts one more. Throws `subrequest_limit_exceeded`. */
  spend(): void {
    if (this.#used >= this.#limit) {
      throw new SkerryError('subrequest_limit_exceeded', `The request made more than ${this.#limit} subrequests.`, {
        limit: this.#limit, used: this.#used + 1,
      })
    }
    this.#used += 1
  }

  /** Counts a message to another function. False where it is to set nothing off any more: there may be as many as subrequests. */
  spendMessage(): boolean {
    this.#messages += 1
    return this.#messages <= this.#limit
  }

  /** Runs it now or when one before is through; at most `limit` can wait, since each was counted. Answers how to give up waiting. */
  enter(run: () => void): () => void {
    if (this.#active < fixedLimits.concurrentSubrequests) {
      this.#active += 1
      run()
      return () => undefined
    }
    this.#waiting.add(run)
    return () => void this.#waiting.delete(run)
  }

  /**
   * One is through: the next begins soon. Not at once, since it may fail at once, and so may thousands after it, each on the stack of the one
   * before; and others of the node come between.
   */
  leave(): void {
    setImmediate(() => {
      const [next] = this.#waiting
      if (next === undefined) {
        this.#active -= 1
        return
      }
      this.#waiting.delete(next)
      next()
    })
  }
}

/** Finds the budget of a subrequest; budgets live as long as the work that they belong to. */
export class SubrequestBudgets {
  readonly #budgets = new WeakMap<object, SubrequestBudget>()

  of({ work, version }: Pick<Subrequest, 'work' | 'version'>): SubrequestBudget {
    let budget = this.#budgets.get(work)
    if (budget === undefined) {
      budget = new SubrequestBudget(version.limits.subrequests)
      this.#budgets.set(work, budget)
    }
    return budget
  }
}
