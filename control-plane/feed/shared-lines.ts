/** Lines that are made once, one after the other, for all who read them; each reads from the first, at his own pace. */
export class SharedLines {
  readonly #lines: string[] = []
  readonly #source: AsyncGenerator<string>
  #next: Promise<void> | undefined
  #isDone = false

  constructor(source: AsyncGenerator<string>) {
    this.#source = source
  }

  /** Rejects, for all readers, with what the source throws. */
  async *read(): AsyncGenerator<string> {
    for (let index = 0; ; index += 1) {
      while (this.#lines[index] === undefined && !this.#isDone) await this.#make()
      const line = this.#lines[index]
      if (line === undefined) return
      yield line
    }
  }

  /** Makes the next line; whoever asks meanwhile waits for the same one. */
  #make(): Promise<void> {
    this.#next ??= this.#source.next().then(({ done, value }) => {
      if (done === true) this.#isDone = true
      else this.#lines.push(value)
      this.#next = undefined
    })
    return this.#next
  }
}
