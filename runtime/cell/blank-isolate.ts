import ivm from 'isolated-vm'
import type { GuestEntry, HostFunction } from '../bridge/index.ts'
import type { TurnInterrupter } from './turn-interrupter.ts'

/** An isolate restored from the snapshot and booted, with no code of a function in it yet. */
export interface BlankIsolate {
  readonly isolate: ivm.Isolate
  readonly context: ivm.Context
  readonly event: ivm.Reference<GuestEntry['event']>
  readonly adopt: ivm.Reference<GuestEntry['adopt']>
  readonly memoryMb: number
  /** By which the interrupter knows it. */
  readonly serial: number
  /** Where the isolate's calls to the host go: set when a function moves in. */
  connect(host: HostFunction): void
}

type Snapshot = ivm.ExternalCopy<ArrayBuffer>
type MakeIsolate = (memoryLimit: number) => ivm.Isolate

/**
 * Makes blank isolates, on this thread or beside it.
 *
 * No handler for catastrophic errors is set: without one V8 aborts the process at once, and the supervisor answers for it.
 *
 * Restoring an isolate takes longer than a cold request does. isolated-vm constructs isolates on the calling thread only, and that may be one of
 * its pool's: so a helper isolate, which runs nothing but the one constructor call, makes them there. No function's code ever enters the helper.
 */
export class BlankFactory {
  readonly #snapshot: Snapshot | undefined
  readonly #guestScript: string
  readonly #helper = new ivm.Isolate({ memoryLimit: 64 })
  readonly #makeElsewhere: ivm.Reference<MakeIsolate>
  readonly #interrupter: Pick<TurnInterrupter, 'add'>

  constructor(snapshot: Snapshot | undefined, guestScript: string, interrupter: Pick<TurnInterrupter, 'add'>) {
    this.#interrupter = interrupter
    this.#snapshot = snapshot
    this.#guestScript = guestScript
    this.#makeElsewhere = this.#helper
      .createContextSync()
      .evalClosureSync(
        `const vm = $0, snapshot = $1
        return (memoryLimit) => new vm.Isolate(snapshot === undefined ? { memoryLimit } : { memoryLimit, snapshot })`,
        [ivm, snapshot],
        { result: { reference: true } },
      )
  }

  /** On this thread: one to two milliseconds. */
  createNow(memoryMb: number): BlankIsolate {
    const isolate = new ivm.Isolate({
      memoryLimit: memoryMb,
      ...(this.#snapshot === undefined ? {} : { snapshot: this.#snapshot }),
    })
    const context = isolate.createContextSync()
    if (this.#snapshot === undefined) context.evalSync(this.#guestScript, { filename: 'skerry:guest' })
    return boot(isolate, context, memoryMb, this.#interrupter.add(isolate)).blank
  }

  /** On a thread of the pool, and rehearsed there if it is to be; this one only boots it, in less than a tenth of a millisecond. */
  async create(memoryMb: number, isRehearsed: boolean): Promise<BlankIsolate> {
    const isolate = await this.#makeElsewhere.apply(undefined, [memoryMb])
    const context = await isolate.createContext()
    if (this.#snapshot === undefined) await context.eval(this.#guestScript, { filename: 'skerry:guest' })
    const { blank, entry } = boot(isolate, context, memoryMb, this.#interrupter.add(isolate))
    if (!isRehearsed) return blank
    const rehearsal = entry.getSync('rehearse', { reference: true })
    await rehearsal.apply()
    rehearsal.release()
    return blank
  }
}

function boot(isolate: ivm.Isolate, context: ivm.Context, memoryMb: number, serial: number): { blank: BlankIsolate; entry: ivm.Reference<GuestEntry> } {
  let target: HostFunction | undefined
  const host = new ivm.Callback((...call: Parameters<HostFunction>) => target?.(...call))
  const start: ivm.Reference<(host: unknown) => GuestEntry> = context.global.getSync('__skerryBoot', { reference: true })
  const entry = start.applySync(undefined, [host], { result: { reference: true } })
  const event = entry.getSync('event', { reference: true })
  const adopt = entry.getSync('adopt', { reference: true })
  start.release()
  const blank: BlankIsolate = {
    isolate,
    context,
    event,
    adopt,
    memoryMb,
    serial,
    connect(next) {
      target = next
    },
  }
  return { blank, entry }
}
