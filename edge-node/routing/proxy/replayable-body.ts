import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** What of a request's body is kept so that it can be sent again to another node. */
export const replayBytesMax = 64 * 1024

/**
 * A request's body that can be sent to one node after another, as long as no more than `replayBytesMax` of it were read.
 *
 * Invariants: one attempt reads at a time; a new one starts at the first byte and detaches the one before. Bytes are read from the
 * client only as fast as the attempt takes them (the buffer never holds more than the replayed part and one chunk).
 */
export class ReplayableBody {
  readonly #source: IncomingMessage
  readonly #onFirstRead: (() => void) | undefined
  #kept: Buffer[] = []
  #keptBytes = 0
  #overflowed = false
  #attempt: Readable | undefined
  /** Next of `#kept` that the attempt has not seen. */
  #position = 0
  #wanted = false
  #started = false
  #ended = false

  /** `onFirstRead` is called before the client's first byte is asked for: the moment to answer `Expect: 100-continue`. */
  constructor(source: IncomingMessage, onFirstRead?: () => void) {
    this.#source = source
    this.#onFirstRead = onFirstRead
  }

  /** Whether another attempt would see the whole body. */
  get isReplayable(): boolean {
    return !this.#overflowed
  }

  /** Whether it was asked for, and nothing of it has come yet. */
  get isAwaited(): boolean {
    return this.#started && !this.#ended && !this.#overflowed && this.#keptBytes === 0
  }

  /** The body from its first byte, for one attempt. Only while `isReplayable`. */
  open(): Readable {
    this.#attempt?.destroy()
    this.#position = 0
    this.#wanted = false
    const attempt = new Readable({ highWaterMark: replayBytesMax, read: () => this.#pull(attempt) })
    // undici destroys the body of a failed attempt with the failure, which is reported to its handler already.
    attempt.on('error', ignore)
    this.#attempt = attempt
    return attempt
  }

  /** Lets go of the source: what the client still sends belongs to nobody. */
  release(): void {
    this.#attempt?.destroy()
    this.#attempt = undefined
    this.#kept = []
    this.#overflowed = true
    if (!this.#started) return
    this.#source.off('readable', this.#pump)
    this.#source.off('end', this.#onEnd)
    this.#source.off('close', this.#onClose)
  }

  #pull(attempt: Readable): void {
    if (attempt !== this.#attempt) return
    this.#wanted = true
    if (!this.#started) {
      this.#started = true
      this.#onFirstRead?.()
      this.#source.on('readable', this.#pump)
      this.#source.on('end', this.#onEnd)
      this.#source.on('close', this.#onClose)
    }
    this.#pump()
  }

  readonly #pump = (): void => {
    while (this.#wanted) {
      const attempt = this.#attempt
      if (attempt === undefined) return
      const chunk = this.#kept[this.#position] ?? this.#readSource()
      if (chunk === undefined) {
        if (this.#ended) {
          this.#wanted = false
          attempt.push(null)
        }
        return
      }
      if (!this.#overflowed) this.#position += 1
      this.#wanted = attempt.push(chunk)
    }
  }

  #readSource(): Buffer | undefined {
    const chunk: unknown = this.#source.read()
    if (!Buffer.isBuffer(chunk)) return undefined
    if (this.#overflowed) return chunk
    this.#keptBytes += chunk.length
    if (this.#keptBytes > replayBytesMax) {
      this.#overflowed = true
      this.#kept = []
      this.#position = 0
    } else this.#kept.push(chunk)
    return chunk
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#pump()
  }

  /** The client broke off in the middle: the node must not take what came for the whole. */
  readonly #onClose = (): void => {
    if (!this.#ended) this.#attempt?.destroy(new Error('the client broke the request off'))
  }
}

function ignore(): void {
  // Nothing to do.
}
