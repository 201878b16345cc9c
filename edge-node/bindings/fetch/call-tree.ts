import { SkerryError } from '../../../errors/index.ts'
import { RequestOrigin } from '../../ingress/index.ts'
import type { Subrequest } from '../../../runtime/supervisor/index.ts'

/** Calls of functions by functions that one request from outside may set off; a function that may make more subrequests may set off as many. */
const callsMax = 1_000

/** A call that goes on at another node gets one of so many parts of the calls that are left, and enough for a chain to its end. */
const lentShare = 32

/**
 * What one request, or one message, from outside sets off between the functions of a node: each call of one by another, and each message that
 * brings the other's function CPU time and subrequests anew.
 *
 * Each of them starts with limits of its own. Without a bound on all of them together, fifty subrequests over eight hops are a tree of billions,
 * and two functions that answer each other's messages never come to an end. A call that goes to another node takes a part of it along.
 */
class CallTree {
  readonly #limit: number
  #calls = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts one more; false where there are too many. */
  take(): boolean {
    this.#calls += 1
    return this.#calls <= this.#limit
  }

  /** Gives a part of what is left to a call that goes on at another node: however many there are, it is no more together. */
  lend(hopsLeft: number): number {
    const left = Math.max(0, this.#limit - this.#calls)
    const lent = Math.min(left, Math.max(hopsLeft, Math.floor(left / lentShare)))
    this.#calls += lent
    return lent
  }

  get error(): SkerryError {
    return new SkerryError('subrequest_limit_exceeded', `One request set off more than ${this.#limit} calls between functions.`, {
      limit: this.#limit, used: this.#calls,
    })
  }
}

type Work = Pick<Subrequest, 'work' | 'version'>

/** Finds the tree that work belongs to. What nobody grafted onto another's begins one of its own. */
export class CallTrees {
  readonly #trees = new WeakMap<object, CallTree>()

  /** Makes `work` part of what `caller` sets off. Throws `subrequest_limit_exceeded`. */
  graft(work: object, caller: Work): void {
    const tree = this.#of(caller)
    if (!tree.take()) throw tree.error
    this.#trees.set(work, tree)
  }

  /** Counts a call that goes to another node, and says how many that may set off there, at `hopsLeft` at most one after the other. Throws `subrequest_limit_exceeded`. */
  lend(caller: Work, hopsLeft: number): number {
    const tree = this.#of(caller)
    if (!tree.take()) throw tree.error
    return tree.lend(hopsLeft)
  }

  /** New work that `caller` sets off by a message; undefined where it may set off no more. */
  branch(caller: Work): object | undefined {
    const tree = this.#of(caller)
    if (!tree.take()) return undefined
    const work = {}
    this.#trees.set(work, tree)
    return work
  }

  #of({ work, version }: Work): CallTree {
    let tree = this.#trees.get(work)
    if (tree === undefined) {
      tree = new CallTree(lentTo(work) ?? Math.max(callsMax, version.limits.subrequests))
      this.#trees.set(work, tree)
    }
    return tree
  }
}

/** What another node gave to the request that it is. */
function lentTo(work: object): number | undefined {
  return 'origin' in work && work.origin instanceof RequestOrigin ? work.origin.calls : undefined
}
