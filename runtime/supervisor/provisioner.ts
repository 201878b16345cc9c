import type { ProvisionedStatus, ProvisionedVersion, RunnableVersion } from './runtime.ts'

/** Loads at a time: what serves comes first. */
const loadsAtATime = 2
/** An isolate that is lost is replaced at once, and one after another ever later. */
const backOffMinMs = 250
const backOffMaxMs = 30_000
/** One that lived for so long was not lost by a fault that its replacement will have too. */
const soundAfterMs = 60_000
/** Where there is no place now. */
const noPlaceMs = 1_000

export interface ProvisionerOptions {
  /** Begins to load one more isolate of the version. False where none can be had now. */
  readonly make: (version: RunnableVersion) => boolean
  /** Isolates of the version that take requests, or will once they are loaded. */
  readonly attachedOf: (version: RunnableVersion) => number
  /** Those that are loaded. */
  readonly readyOf: (version: RunnableVersion) => number
  /** How many of a version are of use here. */
  readonly usefulOf: (version: RunnableVersion) => number
  /** A monotonic clock. */
  readonly nowMs: () => number
}

interface Wanted {
  readonly version: RunnableVersion
  readonly isolates: number
  loading: number
  /** Losses in a row. */
  losses: number
  readyMs: number
  notBeforeMs: number
}

/**
 * Keeps isolates of versions warm: has them made in the background, and replaced when they are lost, with back-off.
 *
 * Invariants: nothing waits for it but who asks `settled`; at most two loads are under way; what is not wanted any more is left to whoever retires it.
 */
export class Provisioner {
  readonly #options: ProvisionerOptions
  readonly #wanted = new Map<string, Wanted>()
  #loading = 0
  #timer: NodeJS.Timeout | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #waiters: (() => void)[] = []
  #isClosed = false

  constructor(options: ProvisionerOptions) {
    this.#options = options
  }

  get status(): readonly ProvisionedStatus[] {
    return [...this.#wanted.values()].map(({ version, isolates }) => {
      const { account, functionName, version: id } = version
      return { account, functionName, version: id, wanted: isolates, ready: Math.min(isolates, this.#options.readyOf(version)) }
    })
  }

  isWanted(versionKey: string): boolean {
    return this.#wanted.has(versionKey)
  }

  /** These are wanted from now on, and no others. */
  replaceAll(versions: readonly ProvisionedVersion[]): void {
    const keys = new Set(versions.map(({ version }) => version.key))
    for (const [key, { loading }] of this.#wanted) {
      if (keys.has(key)) continue
      this.#loading -= loading
      this.#wanted.delete(key)
    }
    for (const { version, isolates } of versions) {
      const before = this.#wanted.get(version.key)
      const useful = Math.min(isolates, this.#options.usefulOf(version))
      this.#wanted.set(version.key, { loading: 0, losses: 0, readyMs: 0, notBeforeMs: 0, ...before, version, isolates: useful })
    }
    this.#fillIn(0)
  }

  /** One that was being loaded takes requests. */
  loaded(versionKey: string): void {
    const wanted = this.#wanted.get(versionKey)
    if (wanted === undefined) return
    this.#endLoad(wanted)
    wanted.readyMs = this.#options.nowMs()
    this.#fillIn(0)
  }

  /** One is gone, or failed to load. */
  lost(versionKey: string, wasLoading: boolean): void {
    const wanted = this.#wanted.get(versionKey)
    if (wanted === undefined) return
    if (wasLoading) this.#endLoad(wanted)
    const nowMs = this.#options.nowMs()
    if (!wasLoading && nowMs - wanted.readyMs > soundAfterMs) wanted.losses = 0
    wanted.losses += 1
    const waitMs = wanted.losses === 1 ? 0 : Math.min(backOffMaxMs, backOffMinMs * 2 ** (wanted.losses - 2))
    wanted.notBeforeMs = nowMs + waitMs
    this.#fillIn(waitMs)
    if (this.#isComplete()) this.#wake()
  }

  /** One was used up by a request that wanted an isolate of its own. */
  used(versionKey: string): void {
    if (this.#wanted.has(versionKey)) this.#fillIn(0)
  }

  /** Resolves when all are there, but for those that were lost or have no place. */
  settled(): Promise<void> {
    if (this.#isComplete()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters.push(resolve)
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#wake()
  }

  #fill(): void {
    this.#timerMs = Number.POSITIVE_INFINITY
    const { make, attachedOf, nowMs } = this.#options
    const now = nowMs()
    for (const wanted of this.#wanted.values()) {
      while (this.#loading < loadsAtATime && wanted.notBeforeMs <= now && attachedOf(wanted.version) < wanted.isolates) {
        wanted.loading += 1
        this.#loading += 1
        if (make(wanted.version)) continue
        this.#endLoad(wanted)
        wanted.notBeforeMs = now + noPlaceMs
      }
      // Where two loads are under way each that ends looks again.
      if (wanted.notBeforeMs > now && attachedOf(wanted.version) < wanted.isolates) this.#fillIn(wanted.notBeforeMs - now)
    }
    if (this.#isComplete()) this.#wake()
  }

  /** Whether all are loaded, but for those that have to wait. */
  #isComplete(): boolean {
    const now = this.#options.nowMs()
    return this.#wanted.values().every(({ version, isolates, notBeforeMs }) => notBeforeMs > now || this.#options.readyOf(version) >= isolates)
  }

  /** Never within the call: what it is called from is still under way. */
  #fillIn(delayMs: number): void {
    const atMs = this.#options.nowMs() + delayMs
    if (this.#isClosed || atMs >= this.#timerMs) return
    clearTimeout(this.#timer)
    this.#timerMs = atMs
    this.#timer = setTimeout(() => this.#fill(), delayMs)
    this.#timer.unref()
  }

  #endLoad(wanted: Wanted): void {
    if (wanted.loading === 0) return
    wanted.loading -= 1
    this.#loading -= 1
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter()
  }
}
