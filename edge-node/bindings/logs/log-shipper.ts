import type { TailEvent } from '../../../control-plane/protocol/index.ts'
import type { LogRecord } from '../../../runtime/supervisor/index.ts'

/** Posts one batch; rejects where it did not arrive. */
export type PostLogs = (events: readonly TailEvent[]) => Promise<void>

export interface LogShipperOptions {
  readonly node: string
  readonly region: string
  readonly post: PostLogs
}

const batchEventsMax = 500
const batchTextMax = 1024 * 1024
const queueEventsMax = 10_000
const queueTextMax = 16 * 1024 * 1024
const stackTextMax = 32_768
const batchDelayMs = 20

/**
 * Sends log records to the control plane in batches.
 *
 * Invariants: one batch is under way at a time; the queue is bounded in events and characters and drops its oldest, which
 * `dropped` counts; serving never waits for it.
 */
export class LogShipper {
  readonly #options: LogShipperOptions
  readonly #queue: TailEvent[] = []
  #queueText = 0
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  #isSending = false
  #isClosed = false

  constructor(options: LogShipperOptions) {
    this.#options = options
  }

  get dropped(): number {
    return this.#dropped
  }

  add(record: LogRecord): void {
    if (this.#isClosed) return
    const event = toTailEvent(record, this.#options)
    this.#queue.push(event)
    this.#queueText += sizeOf(event)
    while (this.#queue.length > queueEventsMax || this.#queueText > queueTextMax) this.#dropOldest()
    this.#schedule()
  }

  /** Sends what waits, once. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#send()
  }

  #dropOldest(): void {
    const oldest = this.#queue.shift()
    if (oldest === undefined) return
    this.#queueText -= sizeOf(oldest)
    this.#dropped += 1
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isSending || this.#queue.length === 0 || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#send()
    }, batchDelayMs)
    this.#timer.unref()
  }

  async #send(): Promise<void> {
    if (this.#isSending || this.#queue.length === 0) return
    this.#isSending = true
    const batch = this.#takeBatch()
    try {
      await this.#options.post(batch)
    } catch {
      // Tail is best effort: what did not arrive is counted, not kept, since newer lines matter more.
      this.#dropped += batch.length
    } finally {
      this.#isSending = false
      this.#schedule()
    }
  }

  #takeBatch(): TailEvent[] {
    let text = 0
    let count = 0
    for (const event of this.#queue) {
      if (count > 0 && (count >= batchEventsMax || text + sizeOf(event) > batchTextMax)) break
      text += sizeOf(event)
      count += 1
    }
    this.#queueText -= text
    return this.#queue.splice(0, count)
  }
}

const sizeOf = (event: TailEvent): number => event.text.length + (event.stack?.length ?? 0) + 256

/** A record as `skerry tail` shows it. */
export function toTailEvent(record: LogRecord, here: { readonly node: string; readonly region: string }): TailEvent {
  return {
    timeMs: record.timeMs,
    node: here.node,
    region: here.region,
    account: record.version.account,
    function: record.version.functionName,
    version: record.version.version,
    ...(record.requestId === undefined ? {} : { requestId: record.requestId }),
    kind: record.kind,
    level: record.level.slice(0, 16),
    text: record.text,
    ...(record.stack === undefined ? {} : { stack: record.stack.slice(0, stackTextMax) }),
    ...(record.code === undefined ? {} : { code: record.code }),
  }
}
