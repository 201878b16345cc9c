import { shareOut, shareOutWhole } from './share-out.ts'

interface Holder {
  /** What was asked for lately; fades. */
  demand: number
  /** What the node may be going by: what it said, or was granted since, whichever is more. */
  inForce: number
  reportedMs: number
}

/** What was asked for counts half after so long. */
const demandHalfLifeMs = 1_000
/** Of a limit: who asked for less counts as having asked for nothing. */
const leastDemand = 0.01
/** A node that is not connected and was silent for so long counts as gone: what it held is for the others, even if it still goes by it. */
const forgottenAfterMs = 30_000

export interface ShareRequest {
  readonly account: string
  readonly limit: number
  readonly node: string
  readonly demand: number
  readonly holds: number
  /** Nodes that may serve, this one too, whether they have asked or not. */
  readonly nodes: readonly string[]
}

/**
 * Who holds how much of one kind of quota, for all accounts.
 *
 * Invariant: what nodes that are heard hold together never exceeds the limit by a grant. A node gets more only of what no other holds, so
 * that it waits until the others were told of less and have said that they go by it.
 */
export class ShareLedger {
  readonly #isWhole: boolean
  readonly #partition: (limit: number, demands: readonly number[]) => number[]
  readonly #nowMs: () => number
  readonly #accounts = new Map<string, Map<string, Holder>>()

  /** `isWhole`: shares are whole numbers. */
  constructor(isWhole: boolean, nowMs: () => number) {
    this.#isWhole = isWhole
    this.#partition = isWhole ? shareOutWhole : shareOut
    this.#nowMs = nowMs
  }

  /** Notes what the node asks for and goes by; answers with what it may go by from now on. */
  grant({ account, limit, node, demand, holds, nodes }: ShareRequest): number {
    this.note(account, node, demand, holds)
    const holders = this.#holders(account)
    for (const [name, { reportedMs }] of holders) {
      if (!nodes.includes(name) && this.#nowMs() - reportedMs > forgottenAfterMs) holders.delete(name)
    }
    const names = [...new Set([...nodes, ...holders.keys()])]
    const demands = names.map((name) => this.#demandOf(holders.get(name)))
    const targets = this.#partition(limit, demands.map((of) => (of < limit * leastDemand ? 0 : of)))
    const target = targets[names.indexOf(node)] ?? 0
    let free = limit
    // Who was not heard yet may hold an even part: that is what nodes come down to where nobody asks for anything.
    for (const name of names) if (name !== node) free -= holders.get(name)?.inForce ?? limit / names.length
    if (this.#isWhole) free = Math.floor(free)
    const granted = Math.max(0, Math.min(target, free))
    const own = holders.get(node)
    if (own !== undefined) own.inForce = Math.max(own.inForce, granted)
    return granted
  }

  /** What another process heard of a node. `holds` is what the node may go by. */
  note(account: string, node: string, demand: number, holds: number): void {
    const holders = this.#holders(account)
    const before = this.#demandOf(holders.get(node))
    holders.set(node, { demand: Math.max(demand, before), inForce: holds, reportedMs: this.#nowMs() })
  }

  /** What the node may be going by; undefined where it never asked. */
  inForce(account: string, node: string): number | undefined {
    return this.#accounts.get(account)?.get(node)?.inForce
  }

  /** What all nodes were asked for lately. */
  demand(account: string): number | undefined {
    const holders = this.#accounts.get(account)
    if (holders === undefined) return undefined
    let sum = 0
    for (const holder of holders.values()) sum += this.#demandOf(holder)
    return sum
  }

  forgetAccount(account: string): void {
    this.#accounts.delete(account)
  }

  #holders(account: string): Map<string, Holder> {
    let holders = this.#accounts.get(account)
    if (holders === undefined) this.#accounts.set(account, (holders = new Map()))
    return holders
  }

  #demandOf(holder: Holder | undefined): number {
    if (holder === undefined) return 0
    return holder.demand * 0.5 ** ((this.#nowMs() - holder.reportedMs) / demandHalfLifeMs)
  }
}
