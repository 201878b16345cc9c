import type { Buffer } from 'node:buffer'
import { LRUCache } from 'lru-cache'
import { SkerryError } from '../../errors/index.ts'
import { fixedLimits } from '../bridge/index.ts'
import { CellFleet } from './cell-fleet.ts'
import { CellHandle } from './cell-handle.ts'
import type { CellFrameRecords } from './cell-records.ts'
import type { IsolateRecord } from './isolate-record.ts'
import { RequestExchange } from './request-exchange.ts'
import type {
  FunctionRequest,
  LoadReport,
  RequestControl,
  ResponseHandler,
  RunnableVersion,
  Runtime,
  RuntimeOptions,
  RuntimeStatus,
} from './runtime.ts'
import type { CellCommand, SandboxKind } from './sandbox.ts'
import type { GuestImage } from './snapshot.ts'
import { VersionsTable } from './versions-table.ts'
import { Watchdog } from './watchdog.ts'

const codeCacheBytesMax = 128 * 1024 * 1024
const requestsMax = 20_000
const readyTimeoutMs = 30_000
/** An isolate that got no request for so long is unloaded. */
const idleIsolateMs = 10 * 60_000
const testLoadTimeoutMs = 10_000
/** Memory limit for which blank isolates are held: the default of the project file. */
const blankMemoryMb = 128

interface PendingLoad {
  readonly resolve: (report: LoadReport) => void
  readonly reject: (error: SkerryError) => void
}

/** The runtime of one node: cells, the isolates in them, and the requests that run there. See `Runtime` for the contract. */
export class EdgeRuntime implements Runtime {
  readonly #options: RuntimeOptions
  readonly #sandbox: SandboxKind
  readonly #fleet: CellFleet
  readonly #watchdog: Watchdog
  readonly #versions = new VersionsTable()
  readonly #codeCaches = new LRUCache<string, Uint8Array>({ maxSize: codeCacheBytesMax, sizeCalculation: (cache) => cache.byteLength })
  readonly #testLoads = new Map<IsolateRecord, PendingLoad>()
  readonly #isolatesMax: number
  readonly #sweep: NodeJS.Timeout
  #readyWaiters: (() => void)[] = []
  #requests = 0
  #crashes = 0
  #closed = false

  constructor(options: RuntimeOptions, sandbox: SandboxKind, command: CellCommand, image: GuestImage) {
    this.#options = options
    this.#sandbox = sandbox
    this.#isolatesMax = options.maxIsolatesPerCell ?? 1_000
    this.#fleet = new CellFleet({
      cellsPerAccount: options.cellsPerAccount ?? 2,
      cellsMax: 64,
      create: () => this.#createCell(command, image),
    })
    this.#watchdog = new Watchdog({
      cells: () => this.#fleet.cells,
      cellMemoryMb: options.cellMemoryMb ?? 1_024,
      relievePressure: (cell) => {
        this.#evictIdle(cell, Math.ceil(cell.isolates.size / 2))
      },
      nowMs: () => performance.now(),
    })
    this.#sweep = setInterval(() => {
      this.#evictUnused()
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
      onOver: () => {
        if (!admitted) return
        this.#requests--
        record.inFlight--
        if (record.inFlight === 0) this.#versions.release(version.key)
      },
      onFailure: (failed, error, stack) => {
        this.#logFailure(failed, error, stack)
      },
    })
    if (admitted) this.#place(exchange)
    else if (record.inFlight >= version.maxConcurrency) {
      const limit = version.maxConcurrency
      exchange.fail(new SkerryError('concurrency_limit_exceeded', `The function already serves ${limit} requests on this node`, { limit }))
    } else exchange.fail(new SkerryError('overloaded', `The node already serves ${requestsMax} requests`))
    return exchange
  }

  testLoad(version: RunnableVersion): Promise<LoadReport> {
    return new Promise((resolve, reject) => {
      const cell = this.#closed ? undefined : this.#fleet.acquire(`probation of ${version.account}`, 1)
      if (cell === undefined) {
        reject(new SkerryError('overloaded', 'No cell is free to try the version in'))
        return
      }
      const isolate = this.#addIsolate(cell, version)
      const timer = setTimeout(() => {
        this.#testLoads.delete(isolate)
        this.#discard(isolate)
        reject(new SkerryError('startup_failed', `The version did not load within ${testLoadTimeoutMs} ms`))
      }, testLoadTimeoutMs)
      this.#testLoads.set(isolate, {
        resolve: (report) => {
          clearTimeout(timer)
          resolve(report)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#readAndLoad(isolate)
    })
  }

  retire(versionKey: string): void {
    const isolate = this.#versions.find(versionKey)?.isolate
    if (isolate !== undefined) this.#discard(isolate)
  }

  status(): RuntimeStatus {
    const { cells } = this.#fleet
    return {
      sandbox: this.#sandbox,
      cells: cells.length,
      isolates: cells.reduce((sum, cell) => sum + cell.isolates.size, 0),
      blankIsolates: cells.filter((cell) => cell.ready).length * this.#blankIsolates,
      requestsInFlight: this.#requests,
      cellCrashes: this.#crashes,
    }
  }

  ready(): Promise<void> {
    if (this.#fleet.cells.some((cell) => cell.ready)) return Promise.resolve()
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
    this.#watchdog.close()
    this.#fleet.close()
    return Promise.resolve()
  }

  get #blankIsolates(): number {
    return this.#options.blankIsolates ?? 16
  }

  #createCell(command: CellCommand, image: GuestImage): CellHandle {
    return new CellHandle({
      command,
      image,
      settings: { blankIsolates: this.#blankIsolates, blankMemoryMb },
      dispatchSubrequest: this.#options.dispatchSubrequest,
      onReady: () => {
        const waiters = this.#readyWaiters
        this.#readyWaiters = []
        for (const waiter of waiters) waiter()
      },
      onLoaded: (isolate, outcome, codeCache) => {
        this.#onLoaded(isolate, outcome, codeCache)
      },
      onSettled: (isolate) => {
        if (isolate.inFlight === 0 && isolate.retired && isolate.state !== 'gone') isolate.cell.unload(isolate)
      },
      onIsolateLost: (isolate) => {
        this.#detach(isolate)
        this.#testLoads.get(isolate)?.reject(new SkerryError('startup_failed', 'The version ended its cell while it was being loaded'))
        this.#testLoads.delete(isolate)
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
      onExit: (cell, description) => {
        this.#fleet.remove(cell)
        if (this.#closed) return
        this.#crashes++
        process.stderr.write(`a cell is gone: ${description}\n`)
      },
    })
  }

  #place(exchange: RequestExchange): void {
    const { version } = exchange
    if (this.#closed) {
      exchange.fail(new SkerryError('overloaded', 'The node is shutting down'))
      return
    }
    const record = this.#versions.get(version.key)
    let isolate = version.isolation === 'function' ? record.isolate : undefined
    if (isolate === undefined) {
      const cell = this.#fleet.acquire(this.#options.shareCells === true ? 'all accounts' : version.account)
      if (cell === undefined) {
        exchange.fail(new SkerryError('overloaded', 'Every cell of the node is taken'))
        return
      }
      isolate = this.#addIsolate(cell, version)
      if (version.isolation === 'function') record.isolate = isolate
      else isolate.retired = true
      isolate.inFlight++
      isolate.waiting.push(exchange)
      this.#readAndLoad(isolate)
      return
    }
    if (isolate.cell.overloaded) {
      exchange.fail(new SkerryError('overloaded', 'The cell of the function does not keep up'))
      return
    }
    isolate.inFlight++
    if (isolate.state === 'reading') isolate.waiting.push(exchange)
    else this.#enter(exchange, isolate)
  }

  #enter(exchange: RequestExchange, isolate: IsolateRecord): void {
    exchange.cold = isolate.state !== 'ready'
    isolate.lastUsedMs = performance.now()
    isolate.cell.open(exchange, isolate, JSON.stringify({ ...exchange.request.metadata, cold: exchange.cold }))
  }

  #addIsolate(cell: CellHandle, version: RunnableVersion): IsolateRecord {
    if (cell.isolates.size >= this.#isolatesMax) this.#evictIdle(cell, 1)
    const isolate: IsolateRecord = {
      id: cell.allocateIsolate(),
      cell,
      version,
      state: 'reading',
      retired: false,
      waiting: [],
      inFlight: 0,
      startMs: 0,
      lastUsedMs: performance.now(),
      startKind: version.isolation === 'request' ? 'fresh' : 'cold',
    }
    cell.isolates.set(isolate.id, isolate)
    return isolate
  }

  #readAndLoad(isolate: IsolateRecord): void {
    const script = isolate.version.readScript()
    if (script instanceof Uint8Array) {
      this.#load(isolate, script)
      return
    }
    script.then(
      (bytes) => {
        this.#load(isolate, bytes)
      },
      (error: unknown) => {
        const failure =
          error instanceof SkerryError ? error : new SkerryError('internal_error', 'The script could not be read', { cause: error })
        this.#failLoad(isolate, failure, undefined)
        if (isolate.state !== 'gone') isolate.cell.unload(isolate)
      },
    )
  }

  #load(isolate: IsolateRecord, script: Uint8Array): void {
    if (isolate.state !== 'reading') return
    const { version, cell } = isolate
    const codeCache = this.#codeCaches.get(codeCacheKey(version))
    cell.load(
      isolate,
      {
        memoryMb: version.limits.memoryMb,
        startupCpuMs: fixedLimits.startupCpuMs,
        cpuMs: version.limits.cpuMs,
        environment: JSON.stringify(version.environment),
        produceCodeCache: codeCache === undefined,
      },
      script,
      codeCache,
    )
    for (const exchange of isolate.waiting.splice(0)) {
      if (exchange.over) this.#leave(isolate)
      else this.#enter(exchange, isolate)
    }
  }

  #leave(isolate: IsolateRecord): void {
    isolate.inFlight--
    if (isolate.inFlight === 0 && isolate.retired && isolate.state !== 'gone') isolate.cell.unload(isolate)
  }

  #onLoaded(isolate: IsolateRecord, outcome: CellFrameRecords['loadOutcome'], codeCache: Buffer): void {
    if (isolate.state !== 'loading') return
    if (codeCache.length > 0) this.#codeCaches.set(codeCacheKey(isolate.version), new Uint8Array(codeCache))
    const testLoad = this.#testLoads.get(isolate)
    this.#testLoads.delete(isolate)
    if (outcome.loaded) {
      isolate.state = 'ready'
      isolate.startMs = outcome.startMs
      if (testLoad !== undefined) isolate.cell.unload(isolate)
      testLoad?.resolve({ startMs: outcome.startMs, cpuMs: outcome.cpuMs })
      return
    }
    isolate.state = 'gone'
    isolate.cell.isolates.delete(isolate.id)
    const code = outcome.code === 'memory_limit_exceeded' ? 'memory_limit_exceeded' : 'startup_failed'
    const cause = new Error(outcome.message)
    cause.stack = outcome.stack
    const error = new SkerryError(code, outcome.message, { cause })
    testLoad?.reject(error)
    this.#failLoad(isolate, error, outcome.stack)
  }

  /** Every request that waits for the isolate gets the error; the next request tries anew. */
  #failLoad(isolate: IsolateRecord, error: SkerryError, stack: string | undefined): void {
    this.#detach(isolate)
    this.#testLoads.get(isolate)?.reject(error)
    this.#testLoads.delete(isolate)
    for (const exchange of isolate.waiting.splice(0)) exchange.fail(error, stack)
    isolate.cell.failRequestsOf(isolate, error, stack)
  }

  /** New requests no longer enter this isolate; it is unloaded when those in it are over. */
  #discard(isolate: IsolateRecord): void {
    this.#detach(isolate)
    isolate.retired = true
    if (isolate.inFlight === 0 && isolate.state !== 'gone') isolate.cell.unload(isolate)
  }

  #detach(isolate: IsolateRecord): void {
    const record = this.#versions.find(isolate.version.key)
    if (record?.isolate !== isolate) return
    record.isolate = undefined
    this.#versions.release(isolate.version.key)
  }

  /** Gives up the isolates that were used longest ago and have no request. */
  #evictIdle(cell: CellHandle, count: number): void {
    const idle = [...cell.isolates.values()].filter((isolate) => isolate.inFlight === 0 && isolate.state === 'ready')
    idle.sort((one, other) => one.lastUsedMs - other.lastUsedMs)
    for (const isolate of idle.slice(0, count)) this.#discard(isolate)
  }

  #evictUnused(): void {
    const before = performance.now() - idleIsolateMs
    for (const cell of this.#fleet.cells) {
      for (const isolate of cell.isolates.values()) {
        if (isolate.inFlight === 0 && isolate.state === 'ready' && isolate.lastUsedMs < before) this.#discard(isolate)
      }
    }
  }

  #logFailure(exchange: RequestExchange, error: SkerryError, stack: string | undefined): void {
    this.#options.onLog({
      version: exchange.version,
      requestId: requestIdOf(exchange.request),
      kind: 'failure',
      level: 'error',
      text: error.message,
      ...(stack === undefined || stack === '' ? {} : { stack }),
      code: error.code,
      timeMs: Date.now(),
    })
  }
}

/** Code caches are native code that came out of a cell: never for another account. */
function codeCacheKey(version: RunnableVersion): string {
  return `${version.account}/${version.artifactHash}`
}

function requestIdOf(request: FunctionRequest | undefined): string | undefined {
  const id = request?.metadata['id']
  return typeof id === 'string' ? id : undefined
}
