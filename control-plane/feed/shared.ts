/** Values that several use at the same time: each is made for the first who asks, and forgotten when nobody holds it any more. */
export class Shared<T> {
  readonly #held = new Map<string, { readonly value: T; holders: number }>()

  /** @param key equal for what may be shared @param make is called where nobody holds it */
  hold(key: string, make: () => T): { readonly value: T; release(): void } {
    const held = this.#held.get(key) ?? { value: make(), holders: 0 }
    this.#held.set(key, held)
    held.holders += 1
    return {
      value: held.value,
      release: () => {
        held.holders -= 1
        if (held.holders === 0) this.#forget(key, held)
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

  #forget(key: string, held: object): void {
    if (this.#held.get(key) === held) this.#held.delete(key)
  }
}
