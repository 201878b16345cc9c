/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
/**
 * How many pages (64 KB) of WebAssembly memory an isolate may have, together: as many as the function's memory limit.
 *
 * A memory is counted with what it can grow to, since growth inside a module can not be seen; so one that declares no maximum, or
 * more than there is, gets half of what is left. It counts until the garbage collector took whatever leads to it. Code can hide an instance behind
 * a function reference in a table and have it forgotten: what holds then is the cell's resident memory limit.
 *
 * Uses nothing that user code could have patched.
 */
const { apply } = Reflect
const { floor, max, round } = Math
const OriginalWeakRef = WeakRef
const OriginalRangeError = RangeError
const { deref } = WeakRef.prototype

interface Reservation {
  readonly keeper: WeakRef<object>
  readonly pages: number
  next: Reservation | undefined
}

export class WasmBudget {
  #pages: number
  #first: Reservation | undefined

  constructor(pages: number) {
    this.#pages = pages
  }

  set pages(pages: number) {
    this.#pages = pages
  }

  /** The maximum that a new memory gets. Throws a RangeError where its initial size does not fit. */
  capOf(initial: number, declared: number | undefined): number {
    const left = this.left()
    if (initial > left) throw this.#exceeded(initial, left)
    return declared !== undefined && declared <= left ? declared : max(initial, floor(left / 2))
  }

  /** Counts pages for as long as `keeper` is alive. Throws a RangeError where so many are not left. */
  reserve(pages: number, keeper: object): void {
    if (pages === 0) return
    const left = this.left()
    if (pages > left) throw this.#exceeded(pages, left)
    this.#first = { keeper: new OriginalWeakRef(keeper), pages, next: this.#first }
  }

  /** Pages that nothing alive holds. */
  left(): number {
    let left = this.#pages
    let previous: Reservation | undefined
    for (let entry = this.#first; entry !== undefined; entry = entry.next) {
      if (apply(deref, entry.keeper, []) === undefined) {
        if (previous === undefined) this.#first = entry.next
        else previous.next = entry.next
      } else {
        left -= entry.pages
        previous = entry
      }
    }
    return left
  }

  #exceeded(wanted: number, left: number): RangeError {
    const megabytes = (pages: number): string => `${round(pages / 1.6) / 10} MB`
    return new OriginalRangeError(
      `WebAssembly memory limit: ${megabytes(wanted)} wanted, ${megabytes(left)} left of ${megabytes(this.#pages)} (limits.memoryMb)`,
    )
  }
}
