/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
import { currentTurn } from '../clock.ts'

/**
 * How much of something an isolate may have for WebAssembly, together: pages of memory, or entries of tables.
 *
 * What grows is counted with what it can grow to, since growth inside a module can not be seen; so what declares no maximum, or
 * more than there is, gets half of what is left. It counts until the garbage collector took whatever leads to it, which is had collected where
 * little is left; what the running turn made stays until its end, and can not be had back before. Code can hide an instance behind
 * a function reference in a table and have it forgotten: what holds then is the cell's resident memory limit.
 *
 * Uses nothing that user code could have patched.
 */
const { apply } = Reflect
const { floor, max } = Math
const OriginalWeakRef = WeakRef
const OriginalRangeError = RangeError
const { deref } = WeakRef.prototype
/** Garbage is collected before something gets less than this part of all. */
const fairShare = 1 / 8

interface Reservation {
  readonly keeper: WeakRef<object>
  readonly amount: number
  readonly turn: number
  next: Reservation | undefined
}

export interface WasmBudgetOptions {
  /** What the isolate may have, in all. */
  readonly limit: number
  /** Collects garbage. */
  readonly collect: () => void
  /** Says how much was wanted and what is left of how much, in a sentence. */
  readonly describe: (wanted: number, left: number, limit: number) => string
}

export class WasmBudget {
  readonly #options: WasmBudgetOptions
  #limit: number
  #used = 0
  #first: Reservation | undefined
  #collectedTurn = -1

  constructor(options: WasmBudgetOptions) {
    this.#options = options
    this.#limit = options.limit
  }

  set limit(limit: number) {
    this.#limit = limit
  }

  /** What nothing holds, as far as is known. */
  get left(): number {
    return this.#limit - this.#used
  }

  /** The maximum that something new gets. Throws a RangeError where its initial size does not fit. */
  capOf(initial: number, declared: number | undefined): number {
    const isBounded = declared !== undefined && declared <= this.#limit
    this.#makeRoom(isBounded ? declared : max(initial, this.#limit * fairShare * 2))
    const { left } = this
    if (initial > left) throw this.#exceeded(initial)
    return declared !== undefined && declared <= left ? declared : max(initial, floor(left / 2))
  }

  /** Counts an amount for as long as `keeper` is alive. Throws a RangeError where so much is not left. */
  reserve(amount: number, keeper: object): void {
    if (amount === 0) return
    this.#makeRoom(amount)
    if (amount > this.left) throw this.#exceeded(amount)
    this.#used += amount
    this.#first = { keeper: new OriginalWeakRef(keeper), amount, turn: currentTurn(), next: this.#first }
  }

  /** Forgets what is no more, where less than `wanted` is left. Once a turn at most: what it looks at stays for as long. */
  #makeRoom(wanted: number): void {
    const turn = currentTurn()
    if (wanted <= this.left || this.#collectedTurn === turn || !this.#hasOlder(turn)) return
    this.#collectedTurn = turn
    this.#options.collect()
    let previous: Reservation | undefined
    for (let entry = this.#first; entry !== undefined; entry = entry.next) {
      if (apply(deref, entry.keeper, []) !== undefined) {
        previous = entry
        continue
      }
      this.#used -= entry.amount
      if (previous === undefined) this.#first = entry.next
      else previous.next = entry.next
    }
  }

  /** Whether something was made before this turn. */
  #hasOlder(turn: number): boolean {
    for (let entry = this.#first; entry !== undefined; entry = entry.next) if (entry.turn !== turn) return true
    return false
  }

  #exceeded(wanted: number): RangeError {
    return new OriginalRangeError(this.#options.describe(wanted, this.left, this.#limit))
  }
}
