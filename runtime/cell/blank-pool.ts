import ivm from 'isolated-vm'
import type { GuestEntry, HostFunction } from '../bridge/index.ts'

/** An isolate restored from the snapshot and booted, with no code of a function in it yet. */
export interface BlankIsolate {
  readonly isolate: ivm.Isolate
  readonly context: ivm.Context
  readonly event: ivm.Reference<GuestEntry['event']>
  readonly adopt: ivm.Reference<GuestEntry['adopt']>
  readonly memoryMb: number
  /** Where the isolate's calls to the host go: set when a function moves in. */
  connect(host: HostFunction): void
}

/** Names the loss where V8 gives up on an isolate: the process is unusable, so the cell ends itself at once. */
function endProcess(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Makes one blank isolate: about a millisecond, so it is done before it is needed. */
export function createBlankIsolate(snapshot: ivm.ExternalCopy<ArrayBuffer> | undefined, guestScript: string, memoryMb: number): BlankIsolate {
  const isolate = new ivm.Isolate({
    memoryLimit: memoryMb,
    onCatastrophicError: endProcess,
    ...(snapshot === undefined ? {} : { snapshot }),
  })
  const context = isolate.createContextSync()
  if (snapshot === undefined) context.evalSync(guestScript, { filename: 'skerry:guest' })
  let target: HostFunction | undefined
  const host = new ivm.Callback((operation: number, id: number, first: unknown, second: unknown, third: unknown) =>
    (target as ((...parameters: unknown[]) => unknown) | undefined)?.(operation, id, first, second, third),
  )
  const boot: ivm.Reference = context.global.getSync('__skerryBoot', { reference: true })
  const entry = boot.applySync(undefined, [host], { result: { reference: true } }) as unknown as ivm.Reference<Record<string, unknown>>
  const event = entry.getSync('event', { reference: true }) as unknown as ivm.Reference<GuestEntry['event']>
  const adopt = entry.getSync('adopt', { reference: true }) as unknown as ivm.Reference<GuestEntry['adopt']>
  entry.release()
  boot.release()
  return {
    isolate,
    context,
    event,
    adopt,
    memoryMb,
    connect(next) {
      target = next
    },
  }
}

export interface BlankPoolOptions {
  readonly size: number
  readonly memoryMb: number
  readonly create: (memoryMb: number) => BlankIsolate
}

/**
 * Keeps blank isolates ready. Refilled one at a time between turns, so that a request that comes meanwhile waits for one at most.
 */
export class BlankPool {
  readonly #options: BlankPoolOptions
  readonly #blanks: BlankIsolate[] = []
  #refillScheduled = false

  constructor(options: BlankPoolOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#blanks.length
  }

  /** Fills the pool at once: before the cell says that it is ready. */
  fill(): void {
    while (this.#blanks.length < this.#options.size) this.#blanks.push(this.#options.create(this.#options.memoryMb))
  }

  take(memoryMb: number): BlankIsolate {
    if (memoryMb !== this.#options.memoryMb) return this.#options.create(memoryMb)
    const blank = this.#blanks.pop()
    this.#scheduleRefill()
    return blank ?? this.#options.create(memoryMb)
  }

  #scheduleRefill(): void {
    if (this.#refillScheduled) return
    this.#refillScheduled = true
    setImmediate(() => {
      this.#refillScheduled = false
      if (this.#blanks.length >= this.#options.size) return
      this.#blanks.push(this.#options.create(this.#options.memoryMb))
      this.#scheduleRefill()
    })
  }
}
