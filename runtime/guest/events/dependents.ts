const smallestSweep = 16

/**
 * The signals that depend on one, in the order in which they came. Weak, so that a signal that lives long does not gather those that were
 * made of it and forgotten; a dependent that is held stays. References to what was collected are swept as the list doubles: the engine
 * calls no finalizers between turns.
 */
export class Dependents<T extends object> {
  readonly #references = new Set<WeakRef<T>>()
  readonly #held = new Set<T>()
  #sweepAt = smallestSweep

  add(dependent: T): void {
    if (this.#references.size >= this.#sweepAt) this.#sweep()
    this.#references.add(new WeakRef(dependent))
  }

  hold(dependent: T, isHeld: boolean): void {
    if (isHeld) this.#held.add(dependent)
    else this.#held.delete(dependent)
  }

  *[Symbol.iterator](): Generator<T> {
    for (const reference of this.#references) {
      const dependent = reference.deref()
      if (dependent !== undefined) yield dependent
    }
  }

  #sweep(): void {
    for (const reference of this.#references) {
      if (reference.deref() === undefined) this.#references.delete(reference)
    }
    this.#sweepAt = Math.max(smallestSweep, this.#references.size * 2)
  }
}
