import { availableParallelism } from 'node:os'
import { SkerryError } from '../../errors/index.ts'
import { fixedLimits } from '../bridge/index.ts'
import { CellFleet } from './cell-fleet.ts'
import { type CellEnd, CellHandle } from './cell-handle.ts'
import { createEagerLoop } from './eager-loop.ts'
import { IsolateKeeper } from './isolate-keeper.ts'
import type { IsolateRecord } from './isolate-record.ts'
import { LivenessWatch } from './liveness-watch.ts'
import { MemoryWatch } from './memory-watch.ts'
import { PipeWatch } from './pipe-watch.ts'
import { RequestExchange } from './request-exchange.ts'
import { Provisioner } from './provisioner.ts'
import type {
  CellQueue,
  FunctionRequest,
  LoadReport,
  ProvisionedVersion,
  RequestControl,
  ResponseHandler,
  RunnableVersion,
  Runtime,
  RuntimeOptions,
  RuntimeStatus,
} from './runtime.ts'
import type { CellCommand } from './sandbox.ts'
import type { GuestImage } from './snapshot.ts'
import { SetApart } from './set-apart.ts'
import { StartWatch } from './start-watch.ts'
import { TurnWatch } from './turn-watch.ts'
import { VersionsTable } from './versions-table.ts'
import { Watchdog } from './watchdog.ts'

const { requestsPerNode: requestsMax } = fixedLimits
const readyTimeoutMs = 30_000
/** Versions are tried in one cell: what brings it down with it is tried anew, so often at most. */
const testLoadsMax = 3
const idleIsolateMsDefault = 10 * 60_000
/** What is in a cell that is replaced may go on for so long, and WebSockets in one where the function is not to compute any more. */
const drainCellMs = 10_000
/** Memory limit for which blank isolates are held: the default of the project file. */
const blankMemoryMb = 128
const blankIsolatesDefault = 32
/** A spare cell that nobody uses yet holds fewer. */
const initialBlankIsolates = 8

/** The runtime of one node: cells, the isolates in them, and the requests that run there. See `Runtime` for the contract. */
export class EdgeRuntime implements Runtime {
  readonly #options: RuntimeOptions
  readonly #sandbox: Pick<RuntimeStatus, 'sandbox' | 'seccomp'>
  readonly #fleet: CellFleet
  readonly #watchdog: Watchdog
  readonly #setApart: SetApart
  readonly #eagerLoop = createEagerLoop(availableParallelism())
  readonly #versions = new VersionsTable()
  readonly #isolates: IsolateKeeper
  readonly #provisioner: Provisioner
  readonly #sweep: NodeJS.Timeout
  #readyWaiters: (() => void)[] = []
  #requests = 0
  #crashes = 0
  #closed = false

  constructor(options: RuntimeOptions, sandbox: Pick<RuntimeStatus, 'sandbox' | 'seccomp'>, command: CellCommand, image: GuestImage) {
    this.#options = options
    this.#sandbox = sandbox
    this.#provisioner = new Provisioner({
      make: (version) => this.#makeStandby(version),
      attachedOf: ({ key }) => this.#attachedTo(key).length,
      readyOf: ({ key }) => this.#attachedTo(key).filter(({ state }) => state === 'ready').length,
      usefulOf: (version) => (version.isolation === 'request' ? Number.POSITIVE_INFINITY : this.#setApart.groupOf(version).cellsMax),
      nowMs: () => performance.now(),
    })
    this.#isolates = new IsolateKeeper(this.#versions, options.maxIsolatesPerCell ?? 1_000, this.#provisioner)
    this.#setApart = new SetApart({
      cellsPerAccount: options.cellsPerAccount ?? 2,
      shareCells: options.shareCells === true,
      tiers: options.tiers ?? [],
      nowMs: () => performance.now(),
    })
    this.#fleet = new CellFleet({
      cellsMax: 64,
      spares: options.spareCells ?? 2,
      create: () => this.#createCell(command, image),
    })
    this.#watchdog = new Watchdog({
      cells: () => this.#fleet.cells,
      starts: new StartWatch(),
      turns: new TurnWatch((isolate, cpuMs, waitedMs) => {
        this.#onLongTurn(isolate, cpuMs, waitedMs)
      }),
      pipes: new PipeWatch(),
      liveness: new LivenessWatch(() => performance.now()),
      memory: new MemoryWatch({
        cellMemoryMb: options.cellMemoryMb ?? 1_024,
        pressure: {
          evictIdle: (cell) => this.#isolates.evictIdle(cell, Math.ceil(cell.isolates.size / 4)) > 0,
          retireLargest: (cell) => {
            cell.measure()
          },
          replace: (cell) => {
            this.#replace(cell)
          },
        },
      }),
    })
    const idleIsolateMs = options.idleIsolateMs ?? idleIsolateMsDefault
    this.#sweep = setInterval(() => {
      for (const cell of this.#fleet.cells) this.#isolates.evictUnused(cell, performance.now() - idleIsolateMs)
      this.#moveMisplaced()
      this.#fleet.endEmpty()
    }, idleIsolateMs / 10)
    this.#sweep.unref()
  }

  dispatch(version: RunnableVersion, request: FunctionRequest, handler: ResponseHandler): RequestControl {
    const record = this.#versions.get(version.key)
    const admitted = record.inFlight < version.maxConcurrency && this.#requests < requestsMax
    if (admitted) {
      record.inFlight++
      this.#requests++
    }
    const exchange = new RequestExchange({
      version,
      request,
      handler,
      place: (retried) => {
        this.#place(retried)
      },
      onSettled: () => {
        if (admitted) {
          this.#requests--
          record.inFlight--
        }
        if (record.inFlight === 0) this.#versions.release(version.key)
        handler.onSettled?.()
      },
      onFailure: (failed, error, stack) => {
        this.#logFailure(failed.version, failed.request, error, stack)
      },
    })
    if (admitted) this.#place(exchange)
    else if (record.inFlight >= version.maxConcurrency) {
      const limit = version.maxConcurrency
      exchange.fail(new SkerryError('concurrency_limit_exceeded', `The function already serves ${limit} requests on this node`, { limit }))
    } else exchange.fail(new SkerryError('overloaded', `The node already serves ${requestsMax} requests`))
    return exchange
  }

  async testLoad(version: RunnableVersion): Promise<LoadReport> {
    for (let attempt = 1; attempt <= testLoadsMax; attempt++) {
      const group = this.#setApart.probationOf(version)
      const cell = this.#closed ? undefined : this.#fleet.acquire(group)
      if (cell === undefined) break
      const report = await this.#isolates.testLoad(this.#isolates.add(cell, group.name, version))
      if (report !== 'lost') return report
    }
    throw new SkerryError('overloaded', 'No cell is free to try the version in')
  }

  retire(versionKey: string): void {
    for (const isolate of this.#attachedTo(versionKey)) this.#isolates.discard(isolate)
  }

  provision(versions: readonly ProvisionedVersion[]): void {
    this.#provisioner.replaceAll(versions)
  }

  provisioned(): Promise<void> {
    return this.#provisioner.settled()
  }

  queueOf(versionKey: string): CellQueue | undefined {
    return this.#versions.find(versionKey)?.isolate?.cell
  }

  status(): RuntimeStatus {
    const { cells } = this.#fleet
    return {
      ...this.#sandbox,
      cells: cells.length,
      isolates: cells.reduce((sum, cell) => sum + cell.isolates.size, 0),
      blankIsolates: cells.filter((cell) => cell.ready).length * this.#blankIsolates,
      requestsInFlight: this.#requests,
      cellCrashes: this.#crashes,
      quarantined: this.#setApart.quarantined,
      provisioned: this.#provisioner.status,
      hungryFunctions: this.#setApart.hungryFunctions,
      eagerMs: this.#eagerLoop?.idleMs ?? 0,
    }
  }

  ready(): Promise<void> {
    if (this.#fleet.ready) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new SkerryError('internal_error', `No cell came up within ${readyTimeoutMs} ms`))
      }, readyTimeoutMs)
      this.#readyWaiters.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    this.#provisioner.close()
    this.#watchdog.close()
    this.#fleet.close()
    return Promise.resolve()
  }

  get #blankIsolates(): number {
    return this.#options.blankIsolates ?? blankIsolatesDefault
  }

  #createCell(command: CellCommand, image: GuestImage): CellHandle {
    return new CellHandle({
      eagerLoop: this.#eagerLoop,
      command,
      image,
      settings: { blankIsolates: this.#blankIsolates, initialBlankIsolates: Math.min(initialBlankIsolates, this.#blankIsolates), blankMemoryMb, runningClock: this.#options.clock === 'running' },
      dispatchSubrequest: this.#options.dispatchSubrequest,
      onReady: (cell) => {
        this.#fleet.markReady(cell)
        if (!this.#fleet.ready) return
        const waiters = this.#readyWaiters
        this.#readyWaiters = []
        for (const waiter of waiters) waiter()
      },
      onLoaded: (isolate, outcome, codeCache) => {
        this.#isolates.loaded(isolate, outcome, codeCache)
      },
      onSettled: (isolate) => {
        this.#isolates.settled(isolate)
      },
      onIsolateLost: (isolate, fault) => {
        this.#isolates.lost(isolate, fault)
      },
      onLog: (isolate, exchange, log) => {
        this.#options.onLog({
          version: isolate.version,
          requestId: requestIdOf(exchange?.request),
          kind: log.kind,
          level: log.level,
          text: log.text,
          ...(log.stack === undefined || log.stack === '' ? {} : { stack: log.stack }),
          timeMs: Date.now(),
        })
      },
      onFailure: (isolate, error) => {
        this.#logFailure(isolate.version, undefined, error)
      },
      onCharged: (version, cpuMs) => {
        this.#options.onCpu?.(version, cpuMs)
      },
      onMeasured: ([largest]) => {
        if (largest !== undefined) this.#isolates.discard(largest)
      },
      onExit: (cell, end) => {
        const isWanted = this.#fleet.remove(cell, end.wasKilled)
        if (this.#closed || isWanted) return
        this.#crashes++
        process.stderr.write(`${describeEnd(end)}\n`)
        if (end.culprit !== undefined) this.#blame(end.culprit, end.reason)
      },
    })
  }

  #blame(culprit: IsolateRecord, reason: string): void {
    if (!this.#setApart.blame(culprit, reason)) return
    const { version } = culprit
    const text = `${version.account}/${version.functionName} ends its cells: from now on it has one of its own, and is refused for longer after each that it ends`
    process.stderr.write(`${text}\n`)
    this.#logFailure(version, undefined, new SkerryError('function_quarantined', text))
    this.#moveMisplaced()
  }

  /** What uses a core for long gives way to others, with WebSockets too that keep it busy where it was. */
  #onLongTurn(isolate: IsolateRecord, cpuMs: number, waitedMs: number): void {
    if (this.#setApart.noteLongTurn(isolate, cpuMs, waitedMs)) this.#moveMisplaced()
    if (this.#setApart.hungryMs(isolate.version) <= drainCellMs || !this.#setApart.isMisplaced(isolate)) return
    isolate.cell.endSocketsOf(isolate, new SkerryError('overloaded', 'The function computes for long, and gives way to others in another process'))
  }

  /** Isolates whose function belongs elsewhere by now take no new requests: the next is placed anew. */
  #moveMisplaced(): void {
    for (const cell of this.#fleet.cells) {
      for (const isolate of cell.isolates.values()) if (!isolate.retired && this.#setApart.isMisplaced(isolate)) this.#isolates.discard(isolate)
    }
  }

  /** The cell takes nothing new, and ends when what is in it is over. */
  #replace(cell: CellHandle): void {
    const error = new SkerryError('isolate_crashed', 'The process that ran the function was replaced, since it held too much memory')
    if (!this.#fleet.retire(cell, drainCellMs, error)) return
    for (const isolate of cell.isolates.values()) this.#isolates.discard(isolate)
  }

  #place(exchange: RequestExchange): void {
    const { version } = exchange
    if (this.#closed) {
      exchange.fail(new SkerryError('overloaded', 'The node is shutting down'))
      return
    }
    const refusal = this.#setApart.refusal(version)
    if (refusal !== undefined) {
      exchange.fail(refusal)
      return
    }
    const record = this.#versions.get(version.key)
    let isolate = version.isolation === 'function' ? (record.isolate ??= nextReady(record.standby)) : nextReady(record.standby)
    if (isolate !== undefined && version.isolation === 'request') {
      isolate.retired = true
      this.#provisioner.used(version.key)
    }
    if (isolate === undefined) {
      const refusalOfNew = this.#setApart.newIsolateRefusal(version)
      if (refusalOfNew !== undefined) {
        exchange.fail(refusalOfNew)
        return
      }
      const group = this.#setApart.groupOf(version)
      const cell = this.#fleet.acquire(group)
      if (cell === undefined) {
        exchange.fail(new SkerryError('overloaded', 'Every cell that the account can have now is taken'))
        return
      }
      isolate = this.#isolates.add(cell, group.name, version)
      if (version.isolation === 'function') record.isolate = isolate
      else isolate.retired = true
      this.#isolates.admit(exchange, isolate)
      this.#isolates.load(isolate)
      return
    }
    if (isolate.cell.overloaded) {
      exchange.fail(new SkerryError('overloaded', 'The cell of the function does not keep up'))
      return
    }
    this.#isolates.admit(exchange, isolate)
  }

  /** One isolate more of a version that is provisioned. Of those whose requests share one, one in each cell: together they fall less often. */
  #makeStandby(version: RunnableVersion): boolean {
    if (this.#closed || this.#setApart.refusal(version) !== undefined || this.#setApart.newIsolateRefusal(version) !== undefined) return false
    const group = this.#setApart.groupOf(version)
    const taken = version.isolation === 'function' ? this.#attachedTo(version.key).map(({ cell }) => cell) : []
    const cell = this.#fleet.acquireBeside(new Set(taken), group)
    if (cell === undefined) return false
    const isolate = this.#isolates.add(cell, group.name, version)
    const record = this.#versions.get(version.key)
    if (version.isolation === 'function' && record.isolate === undefined) record.isolate = isolate
    else record.standby.push(isolate)
    this.#isolates.load(isolate)
    return true
  }

  /** Isolates of the version that new requests enter, or will. */
  #attachedTo(versionKey: string): readonly IsolateRecord[] {
    const record = this.#versions.find(versionKey)
    if (record === undefined) return []
    return record.isolate === undefined ? record.standby : [record.isolate, ...record.standby]
  }

  #logFailure(version: RunnableVersion, request: FunctionRequest | undefined, error: SkerryError, stack?: string): void {
    this.#options.onLog({
      version,
      requestId: requestIdOf(request),
      kind: 'failure',
      level: 'error',
      text: error.message,
      ...(stack === undefined || stack === '' ? {} : { stack }),
      code: error.code,
      timeMs: Date.now(),
    })
  }
}

/** Takes the first that can have a request now. */
function nextReady(standby: IsolateRecord[]): IsolateRecord | undefined {
  if (standby.length === 0) return undefined
  const index = standby.findIndex(({ state }) => state === 'ready')
  return index === -1 ? undefined : standby.splice(index, 1)[0]
}

/** For the operator's log. */
function describeEnd({ reason, output, culprit }: CellEnd): string {
  const doer = culprit === undefined ? '' : ` (${culprit.version.account}/${culprit.version.functionName} did it)`
  return `a cell ${reason}${doer}${output === '' ? '' : `: ${output}`}`
}

function requestIdOf(request: FunctionRequest | undefined): string | undefined {
  const id = request?.metadata['id']
  return typeof id === 'string' ? id : undefined
}
