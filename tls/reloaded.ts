export interface ReloadOptions<T> {
  /** Reads the files. Rejects where what they hold is not to be used. */
  readonly read: (before: T | undefined) => Promise<T>
  readonly isSame: (before: T, now: T) => boolean
  /** Something new is used from now on. */
  readonly onRead: (now: T, before: T) => void
  /** What the files hold is not used. Called once for each reason. */
  readonly onRefused: (reason: string) => void
  /** Calls back once, unless the returned function is called before. Tests bring their own. */
  readonly after?: ((delayMs: number, callback: () => void) => () => void) | undefined
}

/** Files are looked at so often: a look is two system calls a file, and works on any file system, through links and over networks. */
const lookIntervalMs = 10_000

/**
 * What files hold, read anew when they change. What can not be used, as while they are being replaced, is reported and left: what was read before
 * goes on.
 */
export class Reloaded<T> {
  readonly #options: ReloadOptions<T>
  readonly #listeners: ((now: T) => void)[] = []
  #current: T
  #refused = ''
  #looking: Promise<void> | undefined
  #cancelTimer: () => void = () => undefined
  #isClosed = false

  private constructor(options: ReloadOptions<T>, current: T) {
    this.#options = options
    this.#current = current
  }

  /** Rejects as `read` does. Looks at the files from now on, until it is closed. */
  static async open<T>(options: ReloadOptions<T>): Promise<Reloaded<T>> {
    const opened = new Reloaded(options, await options.read(undefined))
    opened.#wait()
    return opened
  }

  get current(): T {
    return this.#current
  }

  onChange(listener: (now: T) => void): void {
    this.#listeners.push(listener)
  }

  /** Looks at once. Resolves when it has; never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer()
  }

  #wait(): void {
    if (this.#isClosed) return
    this.#cancelTimer = (this.#options.after ?? later)(lookIntervalMs, () => {
      void this.look().finally(() => this.#wait())
    })
  }

  async #look(): Promise<void> {
    const { read, isSame, onRead, onRefused } = this.#options
    try {
      const now = await read(this.#current)
      this.#refused = ''
      if (this.#isClosed || isSame(this.#current, now)) return
      const before = this.#current
      this.#current = now
      for (const listener of this.#listeners) listener(now)
      onRead(now, before)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== this.#refused) onRefused(reason)
      this.#refused = reason
    }
  }
}

function later(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs)
  timer.unref()
  return () => clearTimeout(timer)
}
