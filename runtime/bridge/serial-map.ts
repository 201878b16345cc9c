/** Powers of two. */
const slotsAtFirst = 16
const slotsMax = 1_024

/**
 * A map whose keys are numbers given out in order, each of which soon goes again: the exchanges under way.
 *
 * `Map` is the wrong thing for that. It makes its table anew every so many deletions, and V8 has each table refer to the next: once one of them
 * is old, all that came after it stays alive, with what was in it, until the next full collection. Here a key has the slot that its low bits
 * name, and nothing is made anew. Whoever is still there when another needs his slot moves to a `Map`: those are few, and stay long.
 */
export class SerialMap<Value> {
  /** Undefined, which equals no number, where the slot is free. */
  #keys: (number | undefined)[] = []
  #values: (Value | undefined)[] = []
  #size = 0
  /** Those whose slot a later one has. */
  readonly #older = new Map<number, Value>()

  get size(): number {
    return this.#size + this.#older.size
  }

  get(key: number): Value | undefined {
    const slot = key & (this.#keys.length - 1)
    if (this.#keys[slot] === key) return this.#values[slot]
    return this.#older.size === 0 ? undefined : this.#older.get(key)
  }

  has(key: number): boolean {
    return this.#keys[key & (this.#keys.length - 1)] === key || (this.#older.size > 0 && this.#older.has(key))
  }

  /** `key` is a whole number from 0 to 2^32 - 1. Any number may be asked for. */
  set(key: number, value: Value): void {
    if (this.#older.size > 0 && this.#older.has(key)) {
      this.#older.set(key, value)
      return
    }
    let slot = key & (this.#keys.length - 1)
    while (this.#isTaken(slot, key) && this.#grow()) slot = key & (this.#keys.length - 1)
    if (this.#isTaken(slot, key)) this.#moveAway(slot)
    if (this.#keys[slot] !== key) this.#size += 1
    this.#keys[slot] = key
    this.#values[slot] = value
  }

  /** False where it was not there. */
  delete(key: number): boolean {
    const slot = key & (this.#keys.length - 1)
    if (this.#keys[slot] !== key) return this.#older.size > 0 && this.#older.delete(key)
    this.#free(slot)
    return true
  }

  /** In the order of the keys. */
  entries(): [key: number, value: Value][] {
    const all: [number, Value][] = [...this.#older]
    for (let slot = 0; slot < this.#keys.length; slot += 1) {
      const key = this.#keys[slot]
      if (key !== undefined) all.push([key, this.#values[slot] as Value])
    }
    return all.toSorted(([one], [other]) => one - other)
  }

  /** In the order of the keys. */
  values(): Value[] {
    return this.entries().map(([, value]) => value)
  }

  #isTaken(slot: number, key: number): boolean {
    const holder = this.#keys[slot]
    return holder !== key && (holder !== undefined || this.#keys.length === 0)
  }

  #free(slot: number): void {
    this.#keys[slot] = undefined
    this.#values[slot] = undefined
    this.#size -= 1
  }

  #moveAway(slot: number): void {
    const key = this.#keys[slot]
    if (key === undefined) return
    this.#older.set(key, this.#values[slot] as Value)
    this.#free(slot)
  }

  /** More slots, where there are many in use. Keys may be even ones alone, so that half of the slots is never used. False where it stays as it is. */
  #grow(): boolean {
    const slots = this.#keys.length
    if (slots > 0 && (slots >= slotsMax || this.#size * 4 < slots)) return false
    const [keys, values] = [this.#keys, this.#values]
    const length = slots === 0 ? slotsAtFirst : slots * 2
    this.#keys = Array.from({ length })
    this.#values = Array.from({ length })
    for (let slot = 0; slot < slots; slot += 1) {
      const key = keys[slot]
      if (key === undefined) continue
      this.#keys[key & (this.#keys.length - 1)] = key
      this.#values[key & (this.#keys.length - 1)] = values[slot]
    }
    return true
  }
}
