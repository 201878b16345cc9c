import { fixedLimits } from '../bridge/index.ts'
import type { PoolMeter } from './pool-meter.ts'

/** Work of one isolate that may wait or be under way at a time. */
export const maximumPending = 4_096
/** Bytes that may be held for it. */
export const maximumHeldBytes = fixedLimits.poolBytes
/** Of it on the thread pool; the rest waits here, where it can be given up. */
const maximumRunning = 4

export interface Metered<T> {
  readonly value: T
  /** What it used on the thread pool, in microseconds. */
  readonly cpuMicros: number
}

/**
 * The way of one isolate to the cell's thread pool: a few things at a time, the others in the order in which they came. Bounded by number and by
 * bytes, since what waits is held outside of the isolate's memory limit.
 */
export class PoolQueue {
  readonly #meter: PoolMeter
  readonly #waiting: (() => void)[] = []
  #pending = 0
  #running = 0
  #heldBytes = 0

  constructor(meter: PoolMeter) {
    this.#meter = meter
  }

  /** Why nothing more is taken that holds so many bytes; undefined where it is. */
  refusal(heldBytes: number): string | undefined {
    if (this.#pending >= maximumPending) return `More than ${maximumPending} operations at a time: await some first`
    if (this.#heldBytes + heldBytes <= maximumHeldBytes) return undefined
    return `Operations that hold more than ${maximumHeldBytes} bytes together: await some first`
  }

  /** Does the work when its turn comes. It must not throw or reject. */
  async run<T>(heldBytes: number, work: () => Promise<T>): Promise<Metered<T>> {
    this.#pending += 1
    this.#heldBytes += heldBytes
    if (this.#running >= maximumRunning) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
    const finish = this.#meter.begin()
    const value = await work()
    this.#pending -= 1
    this.#heldBytes -= heldBytes
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
    return { value, cpuMicros: finish() }
  }
}
