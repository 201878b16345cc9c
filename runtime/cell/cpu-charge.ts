import type { CellSender } from './cell-sender.ts'

/** The node hears of what is used this late at most: often enough to hold an account to what it may use, and no cost for a request. */
const reportMs = 100

/** What the isolates of a cell have used and the node has not been told of. */
export class CpuCharges {
  readonly #schedule: () => void
  #owing: CpuCharge[] = []

  /** `schedule` asks for the batch to be sent. */
  constructor(schedule: () => void) {
    this.#schedule = schedule
  }

  /** The charge is told of with the next report. */
  owe(charge: CpuCharge): void {
    if (this.#owing.push(charge) === 1) setTimeout(() => this.#report(), reportMs)
  }

  #report(): void {
    const owing = this.#owing
    this.#owing = []
    for (const charge of owing) charge.tell()
    this.#schedule()
  }
}

/** CPU time of one isolate, whoever it belongs to: requests, what goes on after them, start-up, timers, and its work on the thread pool. */
export class CpuCharge {
  readonly #isolate: number
  readonly #sender: CellSender
  readonly #charges: CpuCharges
  #micros = 0
  #isOwed = false

  constructor(isolate: number, sender: CellSender, charges: CpuCharges) {
    this.#isolate = isolate
    this.#sender = sender
    this.#charges = charges
  }

  add(micros: number): void {
    this.#micros += micros
    if (this.#isOwed) return
    this.#isOwed = true
    this.#charges.owe(this)
  }

  /** Tells now, so that it stands before whatever frame follows. */
  tell(): void {
    this.#isOwed = false
    if (this.#micros >= 1) this.#sender.charged(this.#isolate, this.#take(), false)
  }

  /** Tells for the last time: the isolate is unloaded. */
  close(): void {
    this.#sender.charged(this.#isolate, this.#take(), true)
  }

  #take(): number {
    const micros = Math.floor(this.#micros)
    this.#micros -= micros
    return micros
  }
}
