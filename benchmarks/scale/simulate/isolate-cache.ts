const none = -1

/**
 * Isolates of one node by function, in the order of their last request: a list through two arrays, since a simulation touches it millions of times.
 *
 * Invariant: at most `capacity` are there; over it the one used longest ago goes, and with each request those that idled too long.
 */
export class IsolateCache {
  readonly #capacity: number
  readonly #idleSeconds: number
  readonly #newer: Int32Array
  readonly #older: Int32Array
  readonly #usedSeconds: Float64Array
  readonly #isThere: Uint8Array
  #newest = none
  #oldest = none
  #size = 0

  constructor(functions: number, { capacity, idleSeconds }: { readonly capacity: number; readonly idleSeconds: number }) {
    this.#capacity = capacity
    this.#idleSeconds = idleSeconds
    this.#newer = new Int32Array(functions).fill(none)
    this.#older = new Int32Array(functions).fill(none)
    this.#usedSeconds = new Float64Array(functions)
    this.#isThere = new Uint8Array(functions)
  }

  get size(): number {
    return this.#size
  }

  /** A request at that time, which never goes back. True where its isolate was there. */
  request(id: number, nowSeconds: number): boolean {
    while (this.#oldest !== none && (this.#usedSeconds[this.#oldest] ?? 0) < nowSeconds - this.#idleSeconds) this.#remove(this.#oldest)
    const isWarm = this.#isThere[id] === 1
    if (isWarm) this.#remove(id)
    else if (this.#size >= this.#capacity) this.#remove(this.#oldest)
    this.#add(id, nowSeconds)
    return isWarm
  }

  #add(id: number, nowSeconds: number): void {
    this.#isThere[id] = 1
    this.#usedSeconds[id] = nowSeconds
    this.#older[id] = this.#newest
    this.#newer[id] = none
    if (this.#newest !== none) this.#newer[this.#newest] = id
    this.#newest = id
    if (this.#oldest === none) this.#oldest = id
    this.#size++
  }

  #remove(id: number): void {
    const newer = this.#newer[id] ?? none
    const older = this.#older[id] ?? none
    if (newer === none) this.#newest = older
    else this.#older[newer] = older
    if (older === none) this.#oldest = newer
    else this.#newer[older] = newer
    this.#isThere[id] = 0
    this.#size--
  }
}
