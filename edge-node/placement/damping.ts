/** A time that has to pass after a failure, twice as long each time up to the most; forgotten after `calmMs` without any. */
export class Damping {
  readonly #firstMs: number
  readonly #mostMs: number
  readonly #calmMs: number
  #nextMs: number
  #untilMs = Number.NEGATIVE_INFINITY

  constructor(firstMs: number, mostMs: number, calmMs: number) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
    this.#calmMs = calmMs
    this.#nextMs = firstMs
  }

  get untilMs(): number {
    return this.#untilMs
  }

  isOn(nowMs: number): boolean {
    return nowMs < this.#untilMs
  }

  fail(nowMs: number): void {
    if (nowMs - this.#untilMs > this.#calmMs) this.#nextMs = this.#firstMs
    this.#untilMs = nowMs + this.#nextMs
    this.#nextMs = Math.min(this.#mostMs, 2 * this.#nextMs)
  }
}
