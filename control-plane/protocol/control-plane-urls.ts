/**
 * Where the replicas of a control plane are, as one text: URLs separated by commas. One of them is called until it fails, then the next, so
 * that who has called a replica goes on with what it has told him.
 */
export class ControlPlaneUrls {
  readonly all: readonly string[]
  #at = 0

  /** @param chooseFirst which of so many to begin with; the first unless given */
  constructor(text: string, chooseFirst: (count: number) => number = () => 0) {
    this.all = text.split(',').map((url) => url.trim()).filter((url) => url !== '')
    if (this.all.length > 0) this.#at = chooseFirst(this.all.length) % this.all.length
  }

  get current(): string {
    return this.all[this.#at] ?? ''
  }

  /** Goes on to the next, unless that was done since this one was called. */
  leave(url: string): void {
    if (url === this.current) this.#at = (this.#at + 1) % Math.max(1, this.all.length)
  }

  /** Calls one replica after the other, each once at most, until one neither fails nor refuses for a reason of its own. Rejects as the last did. */
  async call<T>(attempt: (url: string) => Promise<T>, isElsewhereBetter: (error: unknown) => boolean): Promise<T> {
    for (let left = this.all.length; ; left -= 1) {
      const url = this.current
      try {
        return await attempt(url)
      } catch (error) {
        if (!isElsewhereBetter(error)) throw error
        this.leave(url)
        if (left <= 1) throw error
      }
    }
  }
}

/** So that of many who are given the same list, not all call the first. */
export function chooseAtRandom(count: number): number {
  return Math.floor(Math.random() * count)
}
