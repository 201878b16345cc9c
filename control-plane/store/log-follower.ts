import { setTimeout as delay } from 'node:timers/promises'
import { SkerryError } from '../../errors/index.ts'

/** A log that grows at its end, as far as following it needs. */
export interface FollowedLog {
  bounds(): Promise<{ readonly first: number; readonly last: number }>
  read(position: number): Promise<Uint8Array | undefined>
}

export interface LogFollowerOptions {
  readonly log: FollowedLog
  /** Of the last message applied. */
  readonly position: () => number
  /** Applies the message behind that position. Throws `storage_corrupt` where it is not the one that follows. */
  readonly apply: (message: Uint8Array) => Promise<void>
  /** Brings the position to where the log begins, or behind: messages before that are gone. */
  readonly restore: () => Promise<void>
  /** Called where the log has ended for a while before the last message applied: adds what it lacks. Throws `storage_corrupt` where that can not be. */
  readonly putBack: (after: number) => Promise<void>
  /** Called with what following failed with; it is tried again. */
  readonly onFailure: (error: unknown) => void
  readonly pollMs?: number
  /** How long a log may end too early before what it lacks is put back, in milliseconds. */
  readonly shortMs?: number | undefined
}

const pollMs = 1_000
const readsAtOnce = 64
const oddMs = 30_000
const shortMs = 5_000

/** Keeps a replica at the end of the log: it looks when it is told to, and from time to time in case it was not. */
export class LogFollower {
  readonly #options: LogFollowerOptions
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  /** How far the log is known to go, and whether it is to be asked. */
  #target = 0
  #mustAsk = false
  #oddSinceMs: number | undefined
  #shortSinceMs: number | undefined
  #polling: Promise<void> | undefined

  constructor(options: LogFollowerOptions) {
    this.#options = options
  }

  start(): void {
    this.#polling = this.#poll()
  }

  async stop(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#polling, this.#running?.catch(() => undefined)])
  }

  /** The log goes as far as this, somebody says. */
  hint(position: number): void {
    if (position <= this.#options.position()) return
    this.#target = Math.max(this.#target, position)
    this.#run().catch(this.#options.onFailure)
  }

  /** Applies whatever the log holds by now. */
  catchUp(): Promise<void> {
    this.#mustAsk = true
    return this.#run()
  }

  async #poll(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.catchUp().catch(this.#options.onFailure)
      await delay(this.#options.pollMs ?? pollMs, undefined, { signal }).catch(() => undefined)
    }
  }

  #run(): Promise<void> {
    this.#running ??= this.#follow()
    return this.#running
  }

  async #follow(): Promise<void> {
    const { position } = this.#options
    try {
      while ((this.#mustAsk || this.#target > position()) && !this.#closing.signal.aborted) {
        if (this.#mustAsk) await this.#ask()
        const before = position()
        if (this.#target <= before) continue
        await this.#readOn(Math.min(this.#target, before + readsAtOnce))
        if (position() > before) this.#oddSinceMs = undefined
        else if (await this.#isGone(before + 1)) this.#tolerate(`message ${before + 1} is missing`)
      }
    } finally {
      // At once, so that nobody who asks from now on gets an answer from before.
      this.#running = undefined
    }
  }

  /** Whether a message is not there that the log says it has; where somebody was wrong about how far it goes, the log sets it right. */
  async #isGone(missing: number): Promise<boolean> {
    await this.#ask()
    const { position } = this.#options
    if (this.#target < missing || position() >= missing) return false
    await this.#readOn(missing)
    return position() < missing
  }

  async #ask(): Promise<void> {
    const { log, position, restore } = this.#options
    this.#mustAsk = false
    // What this replica adds itself while the log is asked may be missing from the answer.
    const before = position()
    const { first, last } = await log.bounds()
    if (position() + 1 < first) await restore()
    this.#target = last
    if (last < before) await this.#lengthen(last, before)
    else this.#shortSinceMs = undefined
  }

  /** A server that has just become leader may not know the last messages yet; what none of them comes to know was lost. */
  async #lengthen(last: number, applied: number): Promise<void> {
    this.#shortSinceMs ??= performance.now()
    if (performance.now() - this.#shortSinceMs < (this.#options.shortMs ?? shortMs)) {
      throw disagreed(`it ends at message ${last}, and this replica has applied ${applied}`)
    }
    await this.#options.putBack(last)
    this.#shortSinceMs = undefined
    this.#mustAsk = true
  }

  /** For a while, what looks like damage may be a server that has just become leader and does not know the last messages yet. */
  #tolerate(finding: string): never {
    this.#oddSinceMs ??= performance.now()
    if (performance.now() - this.#oddSinceMs < oddMs) throw disagreed(finding)
    throw damaged(finding)
  }

  async #readOn(last: number): Promise<void> {
    const { log, position, apply } = this.#options
    const first = position() + 1
    const messages = await Promise.all(Array.from({ length: last - first + 1 }, (_, index) => log.read(first + index)))
    for (const [index, message] of messages.entries()) {
      // Its own commits a replica applies itself: some of what was read may be had by now.
      if (position() >= first + index) continue
      if (message === undefined) return
      await apply(message)
    }
  }
}

/** What may be so only until the servers that keep the log agree again. */
export function disagreed(finding: string): SkerryError {
  return new SkerryError('storage_unreachable', `The servers that keep the log have not agreed yet: ${finding}.`)
}

function damaged(finding: string): SkerryError {
  return new SkerryError('storage_corrupt', `The log that the NATS servers keep is damaged: ${finding}. This replica neither reads nor writes any more.`)
}
