import { threadCpuMicros } from './meter.ts'

/** CPU time of the threads beside this one, in microseconds. */
function poolCpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system - threadCpuMicros()
}

/**
 * What operations on the thread pool use. Threads of the pool can not be told apart from here: what they use together is
 * divided evenly among the operations that are under way.
 */
export class PoolMeter {
  readonly #read: () => number
  #underWay = 0
  #lastMicros = 0
  /** What an operation that was always under way would have used. */
  #perOperationMicros = 0

  constructor(read: () => number = poolCpuMicros) {
    this.#read = read
  }

  /** An operation begins. Call what this answers when it is over: it tells the microseconds that it used. */
  begin(): () => number {
    this.#advance()
    this.#underWay += 1
    const startMicros = this.#perOperationMicros
    return () => {
      this.#advance()
      this.#underWay -= 1
      return this.#perOperationMicros - startMicros
    }
  }

  #advance(): void {
    const nowMicros = this.#read()
    if (this.#underWay > 0) this.#perOperationMicros += Math.max(0, nowMicros - this.#lastMicros) / this.#underWay
    this.#lastMicros = nowMicros
  }
}
