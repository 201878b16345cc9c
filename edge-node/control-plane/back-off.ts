import { setTimeout as delay } from 'node:timers/promises'

/** Waiting times that grow from `firstMs` to `mostMs` by doubling, each cut by chance to between half and all of it. */
export class BackOff {
  readonly #firstMs: number
  readonly #mostMs: number
  readonly #random: () => number
  #failures = 0

  constructor(firstMs: number, mostMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
    this.#random = random
  }

  reset(): void {
    this.#failures = 0
  }

  nextMs(): number {
    const ms = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#failures, 30))
    this.#failures += 1
    return ms * (0.5 + this.#random() / 2)
  }

  /** Waits; resolves early where the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    await delay(this.nextMs(), undefined, { signal, ref: false }).catch(() => undefined)
  }
}
