import ivm from 'isolated-vm'
import { type GuestEntry, GuestEvent, HostOperation, sharedMemoryBytes, type Transfer } from '../../runtime/bridge/index.ts'
import { textOperations } from '../../runtime/cell/operations/text.ts'
import { urlOperations } from '../../runtime/cell/operations/url.ts'
import { buildGuestBundle } from '../../runtime/supervisor/guest-bundle.ts'

/** A call that the guest made to the host, beyond the values that are computed at once. */
export interface HostCall {
  readonly operation: HostOperation
  readonly id: number
  readonly first: Transfer
  readonly second: Transfer
  readonly third: Transfer
}

/** What a test overrides of the host. Undefined falls back to the fake host. */
export type HostOverride = (call: HostCall) => Transfer | undefined

/**
 * An isolate with the guest in it and a host that records. Time is the test's own: a timer is due as soon as nothing else goes
 * on, in order of its time, and the clock jumps to it.
 */
export interface GuestIsolate {
  readonly calls: readonly HostCall[]
  readonly isolate: ivm.Isolate
  /** Evaluates the body of an async function and answers with what it returns, by way of JSON. Rejects with what it throws. */
  run(body: string): Promise<unknown>
  /** Enters the isolate as a cell does. */
  event(event: GuestEvent, id: number, first?: Transfer, second?: Transfer, third?: Transfer): void
  /** Evaluates an expression and hands its value over as the module's default export. */
  adopt(expression: string): string
  /** The host's clock goes on: code inside sees it from the next event on. */
  pass(ms: number): void
  /** Lines of the console and reported exceptions so far, as `level: text`. */
  output(): readonly string[]
  dispose(): void
}

export interface GuestIsolateOptions {
  readonly override?: HostOverride
  readonly memoryMb?: number
  readonly environment?: Readonly<Record<string, string>>
  /** As the operator's `--clock running`. */
  readonly runningClock?: boolean
}

/** Builds the bundle and its snapshot once for the tests of a file. */
export async function guestFactory(): Promise<(options?: GuestIsolateOptions) => GuestIsolate> {
  const script = await buildGuestBundle()
  const snapshot = ivm.Isolate.createSnapshot([{ code: script, filename: 'skerry:guest' }])
  return (options = {}) => openGuest(snapshot, options)
}

/** The clock starts here: 2026-01-01. */
const epochMs = 1_767_225_600_000

function openGuest(snapshot: ivm.ExternalCopy<ArrayBuffer>, options: GuestIsolateOptions): GuestIsolate {
  const { override, memoryMb = 128, environment = {}, runningClock = false } = options
  const isolate = new ivm.Isolate({ memoryLimit: memoryMb, snapshot })
  const context = isolate.createContextSync()
  const calls: HostCall[] = []
  const timers = new Map<number, number>()
  let nowMs = epochMs

  const compute = ({ operation, id, first, second, third }: HostCall): Transfer => {
    switch (operation) {
      case HostOperation.urlParse: return urlOperations.urlParse(first as string, second as string | undefined)
      case HostOperation.urlSet: return urlOperations.urlSet(first as string, second as string, third as string)
      case HostOperation.textEncode: return textOperations.textEncode(first as string)
      case HostOperation.textDecode: return textOperations.textDecode(first as Uint8Array, second as string, third as number)
      case HostOperation.sharedMemory: return new Uint8Array(new SharedArrayBuffer(sharedMemoryBytes))
      case HostOperation.now: return nowMs
      case HostOperation.steadyTime: return nowMs - epochMs
      case HostOperation.randomBytes: return new Uint8Array(first as number).fill(7)
      case HostOperation.randomUuid: return '00000000-0000-4000-8000-000000000000'
      case HostOperation.timerStart: return void timers.set(id, nowMs + (first as number))
      case HostOperation.timerClear: return void timers.delete(id)
      default: return undefined
    }
  }
  const host = new ivm.Callback((operation: HostOperation, id: number, first: Transfer, second: Transfer, third: Transfer) => {
    const call = { operation, id, first, second, third }
    if (operation < HostOperation.urlParse || operation === HostOperation.crypto) calls.push(call)
    return override?.(call) ?? compute(call)
  })

  const boot: ivm.Reference = context.global.getSync('__skerryBoot', { reference: true })
  const entry = boot.applySync(undefined, [host], { result: { reference: true } }) as unknown as ivm.Reference<Record<string, unknown>>
  const eventReference = entry.getSync('event', { reference: true }) as unknown as ivm.Reference<GuestEntry['event']>
  const adoptReference = entry.getSync('adopt', { reference: true }) as unknown as ivm.Reference<GuestEntry['adopt']>
  const event: GuestIsolate['event'] = (kind, id, first, second, third) => {
    eventReference.applySync(undefined, [kind, id, first, second, third], { arguments: { copy: true } })
  }
  event(GuestEvent.configure, 0, JSON.stringify(environment), memoryMb, runningClock)

  const fireNextTimer = (): boolean => {
    const [next] = [...timers].toSorted(([, first], [, second]) => first - second)
    if (next === undefined) return false
    const [id, due] = next
    timers.delete(id)
    nowMs = Math.max(nowMs, due)
    event(GuestEvent.timer, id)
    return true
  }

  let runs = 0
  return {
    calls,
    isolate,
    event,
    async run(body) {
      runs += 1
      const name = `__outcome${runs}`
      context.evalSync(`(async () => { ${body}\n})().then(
        (value) => { globalThis.${name} = JSON.stringify({ value }) },
        (error) => {
          globalThis.${name} = JSON.stringify({ name: String(error?.name), message: String(error?.message ?? error), stack: String(error?.stack) })
        })`)
      for (let turn = 0; turn < 10_000; turn++) {
        const outcome: unknown = context.evalSync(`globalThis.${name}`)
        if (typeof outcome === 'string') {
          context.evalSync(`delete globalThis.${name}`)
          return settle(outcome)
        }
        if (!fireNextTimer()) await new Promise((resolve) => setImmediate(resolve))
      }
      throw new Error('the code in the isolate never settled')
    },
    adopt(expression) {
      const value: ivm.Reference = context.evalSync(`(${expression})`, { reference: true })
      return adoptReference.applySync(undefined, [value.derefInto()])
    },
    pass(ms) {
      nowMs += ms
    },
    output() {
      return calls.flatMap(({ operation, first, second }) => {
        if (operation === HostOperation.log) return [`${String(first)}: ${String(second)}`]
        return operation === HostOperation.exception ? [`exception: ${String(first)}`] : []
      })
    },
    dispose() {
      if (!isolate.isDisposed) isolate.dispose()
    },
  }
}

function settle(outcome: string): unknown {
  const { value, name, message, stack } = JSON.parse(outcome) as { value?: unknown; name?: string; message?: string; stack?: string }
  if (name === undefined) return value
  const error = new Error(message)
  error.name = name
  throw Object.assign(error, { guestStack: stack })
}

/** Evaluates the body of an async function here, in Node, the way `GuestIsolate.run` does there: for what both should agree on. */
export async function runInNode(body: string): Promise<unknown> {
  const AsyncFunction = (async () => undefined).constructor as new (code: string) => () => Promise<unknown>
  const value = await new AsyncFunction(body)()
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}
