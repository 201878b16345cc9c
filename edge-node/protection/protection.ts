import { performance } from 'node:perf_hooks'
import type { CellQueue } from '../../runtime/supervisor/index.ts'
import { UnreadBytes } from './unread-bytes.ts'
import { LoadShedder } from './load-shedder.ts'
import { LoopProbe } from './loop-probe.ts'
import { paceDefaults, type PaceOptions } from './pace.ts'
import { RefusalPace } from './refusal-pace.ts'
import { RetryBudget } from './retry-budget.ts'
import { UploadBrake } from './upload-brake.ts'

/** Why a request was refused before anything was done for it. Labels of a metric: bounded. */
export type ShedReason = 'event_loop' | 'cell_queue' | 'connections'

export interface ProtectionSettings {
  /** Bytes of answers that the process holds for slow readers, all together. */
  readonly heldBytesMax?: number | undefined
  /** Connections of clients at a time; by default as many as the file descriptors allow. */
  readonly connectionsMax?: number | undefined
  /** Of one address; by default any number, since behind a proxy all clients have its address. */
  readonly connectionsPerClientMax?: number | undefined
  /** Bytes a second that a request's body must bring on average over 30 s in which it is waited for; 0 for any. */
  readonly bodyRateMin?: number | undefined
}

const heldBytesDefault = 256 * 1024 * 1024
const intervalMs = 200
/** One turn of the event loop: it is what every request waits, more than once. */
const loop = { targetMs: 50, intervalMs, levelMin: 50 } as const
/** What a request waits before its cell. Functions compute for milliseconds, so that a queue of them is shorter than one of turns of the node. */
const cell = { targetMs: 100, intervalMs, levelMin: 4 } as const
const cellSampleMs = 25

interface CellShedder {
  readonly shedder: LoadShedder
  sampledMs: number
}

/**
 * What a process does so that no client and no function takes it from the others: refuses what would only wait, and bounds what is held for
 * slow peers.
 */
export class Protection {
  readonly held: UnreadBytes
  readonly uploads = new UploadBrake()
  readonly refusals = new RefusalPace()
  /** What may be sent on to other nodes because there is too much to do here. */
  readonly forwards = new RetryBudget()
  readonly pace: PaceOptions
  readonly shedByReason = new Map<ShedReason, number>()
  readonly #loop = new LoadShedder(loop)
  readonly #cells = new WeakMap<CellQueue, CellShedder>()
  readonly #probe: LoopProbe

  constructor(settings: ProtectionSettings = {}) {
    this.held = new UnreadBytes(settings.heldBytesMax ?? heldBytesDefault)
    this.pace = { ...paceDefaults, bytesPerSecondMin: settings.bodyRateMin ?? paceDefaults.bytesPerSecondMin }
    this.#probe = new LoopProbe((nowMs, turnMs) => {
      this.#loop.sample(nowMs, turnMs)
      this.uploads.look()
    })
  }

  /** How long the event loop takes for one turn, in seconds. */
  get loopDelaySeconds(): number {
    return this.#probe.latestMs / 1_000
  }

  /** Whether somebody may be refused, since every turn of the process takes too long. */
  get isShedding(): boolean {
    return this.#loop.isShedding
  }

  /**
   * Counts a request that is about to begin, and says why it must not, where it must not. `party` and `member` are who it counts for (account
   * and function), `queue` is where it would wait.
   */
  refuses(party: string, member: string, queue: CellQueue | undefined): ShedReason | undefined {
    const reason = !this.#loop.admit(party, member)
      ? 'event_loop'
      : queue !== undefined && !this.#shedderOf(queue).admit(party, member) ? 'cell_queue' : undefined
    if (reason !== undefined) this.count(reason)
    return reason
  }

  count(reason: ShedReason): void {
    this.shedByReason.set(reason, (this.shedByReason.get(reason) ?? 0) + 1)
  }

  close(): void {
    this.#probe.close()
  }

  /** Sampled as requests come: where none come, none has to be refused. */
  #shedderOf(queue: CellQueue): LoadShedder {
    const nowMs = performance.now()
    let of = this.#cells.get(queue)
    if (of === undefined) {
      of = { shedder: new LoadShedder(cell), sampledMs: nowMs }
      this.#cells.set(queue, of)
    }
    if (nowMs - of.sampledMs >= cellSampleMs) {
      of.sampledMs = nowMs
      of.shedder.sample(nowMs, queue.delayMs(nowMs))
    }
    return of.shedder
  }
}
