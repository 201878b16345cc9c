/** Runs tasks, so many at a time, in order; over `waitingMax` a new one is dropped and told so. Tasks must not reject. */
export class TaskQueue {
  readonly #atATime: number
  readonly #waitingMax: number
  readonly #waiting: (() => Promise<void>)[] = []
  #active = 0

  constructor(atATime: number, waitingMax: number) {
    this.#atATime = atATime
    this.#waitingMax = waitingMax
  }

  add(task: () => Promise<void>, onDropped: () => void): void {
    if (this.#waiting.length >= this.#waitingMax) {
      onDropped()
      return
    }
    this.#waiting.push(task)
    this.#next()
  }

  #next(): void {
    if (this.#active >= this.#atATime) return
    const task = this.#waiting.shift()
    if (task === undefined) return
    this.#active += 1
    void task().finally(() => {
      this.#active -= 1
      this.#next()
    })
  }
}
