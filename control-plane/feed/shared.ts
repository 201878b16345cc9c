import type { Clock } from '../clock.ts'

/** So many are kept that nobody holds. */
const idleMax = 2

/** Values that several use at the same time: each is made for the first who asks, and forgotten a while after nobody holds it any more. */
export class Shared<T> {
  readonly #clock: Clock
  readonly #lingerMs: number
  readonly #held = new Map<string, { readonly value: T; holders: number }>()
  readonly #timers = new Set<() => void>()

  constructor(clock: Clock, lingerMs: number) {
    this.#clock = clock
    this.#lingerMs = lingerMs
  }

  /** @param key equal for what may be shared @param make is called where nobody holds it */
  hold(key: string, make: () => T): { readonly value: T; release(): void } {
    const held = this.#held.get(key) ?? { value: make(), holders: 0 }
    this.#held.set(key, held)
    held.holders += 1
    return {
      value: held.value,
      release: () => {
        held.holders -= 1
        if (held.holders === 0) this.#forgetLater(key, held)
      },
    }
  }

  /** Who asks next gets another one: this one is of no use. */
  drop(key: string, value: T): void {
    const held = this.#held.get(key)
    if (held?.value === value) this.#forget(key, held)
  }

  get size(): number {
    return this.#held.size
  }

  /** Forgets everything; who holds a value keeps it. */
  clear(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#held.clear()
  }

  #forgetLater(key: string, held: { readonly holders: number }): void {
    const cancel = this.#clock.after(this.#lingerMs, () => {
      this.#timers.delete(cancel)
      if (held.holders === 0) this.#forget(key, held)
    })
    this.#timers.add(cancel)
    const idle = [...this.#held].filter(([, one]) => one.holders === 0)
    for (const [oldest, one] of idle.slice(0, -idleMax)) this.#forget(oldest, one)
  }

  #forget(key: string, held: object): void {
    if (this.#held.get(key) === held) this.#held.delete(key)
  }
}
