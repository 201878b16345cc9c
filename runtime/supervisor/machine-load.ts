import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'

/** A turn never gets more than this many times its CPU time by the clock. */
const contentionMax = 8
/** A cell runs at nice 5: beside a process of the node's priority it gets a third of a core's time. */
const niceWeight = 3
/** Of the value before, at each look: a burst of load is remembered for a few hundred milliseconds. */
const decay = 0.8

/**
 * How much longer than its CPU time a turn may take on this machine now: 1 while cores are free, more as processes wait for them.
 */
export class MachineLoad {
  readonly #readRunnable: () => number
  readonly #cores: number
  #smoothed = 1

  constructor(readRunnable: () => number = runnable, cores: number = availableParallelism()) {
    this.#readRunnable = readRunnable
    this.#cores = cores
  }

  /** A whole number from 1 to 8. */
  get contention(): number {
    return Math.min(Math.ceil(this.#smoothed), contentionMax)
  }

  look(): void {
    const waiting = Math.max(0, this.#readRunnable() - this.#cores)
    this.#smoothed = Math.max(1 + (niceWeight * waiting) / this.#cores, 1 + (this.#smoothed - 1) * decay)
  }
}

/** Processes and threads that run or want to. */
function runnable(): number {
  try {
    const [, , , counts = ''] = readFileSync('/proc/loadavg', 'latin1').split(' ')
    return Number.parseInt(counts, 10)
  } catch {
    return loadavg()[0] ?? 1
  }
}
