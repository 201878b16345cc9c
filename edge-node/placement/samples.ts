import { placementSettings as settings } from './settings.ts'

/** Mean of samples, and how sure it is; with a memory, of about so many of the last. */
export class Samples {
  readonly #memory: number
  #count = 0
  #mean = 0
  #variance = 0

  constructor(memory = Number.POSITIVE_INFINITY) {
    this.#memory = memory
  }

  get count(): number {
    return this.#count
  }

  get mean(): number {
    return this.#mean
  }

  /** Square of the standard error of the mean. */
  get squaredError(): number {
    const effective = Math.min(this.#count, 2 * this.#memory - 1)
    return effective < 2 ? Number.POSITIVE_INFINITY : this.#variance / (effective - 1)
  }

  /** The mean, less what it may well be too high by. */
  get surelyAbove(): number {
    return this.#mean - settings.certainty * Math.sqrt(this.squaredError)
  }

  /** @see https://fanf2.user.srcf.net/hermes/doc/antiforgery/stats.pdf (incremental weighted mean and variance) */
  add(value: number): void {
    this.#count += 1
    const weight = 1 / Math.min(this.#count, this.#memory)
    const difference = value - this.#mean
    this.#mean += weight * difference
    this.#variance = (1 - weight) * (this.#variance + weight * difference * difference)
  }
}
