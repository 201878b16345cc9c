import type { Buffer } from 'node:buffer'
import { LRUCache } from 'lru-cache'
import { SkerryError } from '../../errors/index.ts'
import { fixedLimits } from '../bridge/index.ts'
import type { CellHandle } from './cell-handle.ts'
import type { CellFrameRecords } from './cell-records.ts'
import type { IsolateRecord } from './isolate-record.ts'
import type { Provisioner } from './provisioner.ts'
import type { RequestExchange } from './request-exchange.ts'
import type { LoadReport, RunnableVersion } from './runtime.ts'
import type { VersionsTable } from './versions-table.ts'

const codeCacheBytesMax = 128 * 1024 * 1024
const testLoadTimeoutMs = 10_000

interface TestLoad {
  readonly resolve: (report: LoadReport | 'lost') => void
  readonly reject: (error: SkerryError) => void
}

/** Who keeps isolates of some versions warm, and hears what becomes of them. */
export type Provisioning = Pick<Provisioner, 'isWanted' | 'loaded' | 'lost'>

/**
 * The life of isolates: made in a cell, loaded with a version, given up when they are retired, lost or idle.
 *
 * Invariants: a version has at most one isolate that new requests enter, and others in standby where it is provisioned; an isolate that is given up while it has requests is unloaded when
 * the last of them is over.
 */
export class IsolateKeeper {
  readonly #versions: VersionsTable
  readonly #isolatesMax: number
  readonly #provisioning: Provisioning
  readonly #codeCaches = new LRUCache<string, Uint8Array>({ maxSize: codeCacheBytesMax, sizeCalculation: (cache) => cache.byteLength })
  readonly #testLoads = new Map<IsolateRecord, TestLoad>()

  constructor(versions: VersionsTable, isolatesMax: number, provisioning: Provisioning) {
    this.#versions = versions
    this.#isolatesMax = isolatesMax
    this.#provisioning = provisioning
  }

  /** A new isolate for the version in this cell of the group, not loaded yet. */
  add(cell: CellHandle, group: string, version: RunnableVersion): IsolateRecord {
    if (cell.isolates.size >= this.#isolatesMax) this.evictIdle(cell, 1)
    const isolate: IsolateRecord = {
      id: cell.allocateIsolate(),
      cell,
      group,
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

  /** Reads the script and has the cell load it; the requests that wait follow it. */
  load(isolate: IsolateRecord): void {
    const script = isolate.version.readScript()
    if (script instanceof Uint8Array) {
      this.#send(isolate, script)
      return
    }
    script.then(
      (bytes) => {
        this.#send(isolate, bytes)
      },
      (error: unknown) => {
        const failure =
          error instanceof SkerryError ? error : new SkerryError('internal_error', 'The script could not be read', { cause: error })
        this.#failLoad(isolate, failure, undefined)
        if (isolate.state !== 'gone') isolate.cell.unload(isolate)
      },
    )
  }

  /** Loads it once, keeps its code cache, and unloads it; `lost` where another brought the cell down. Rejects with `startup_failed`. */
  testLoad(isolate: IsolateRecord): Promise<LoadReport | 'lost'> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // What waits behind another is not at fault: the one at its turn has this time-out too.
        if (isolate.cell.mark().isolateId !== isolate.id && isolate.state === 'loading') timer.refresh()
        else isolate.cell.kill(new SkerryError('startup_failed', `The version did not load within ${testLoadTimeoutMs} ms`))
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
      this.load(isolate)
    })
  }

  /** Hands the request to the isolate, now or when its script is there. */
  admit(exchange: RequestExchange, isolate: IsolateRecord): void {
    isolate.inFlight++
    if (isolate.state === 'reading') isolate.waiting.push(exchange)
    else this.#enter(exchange, isolate)
  }

  /** A request of it is settled. */
  settled(isolate: IsolateRecord): void {
    if (isolate.inFlight === 0 && isolate.retired && isolate.state !== 'gone') isolate.cell.unload(isolate)
  }

  /** It is gone with its cell, or broke a limit. Without a fault of its own it was another's doing. */
  lost(isolate: IsolateRecord, fault: SkerryError | undefined): void {
    this.#detach(isolate)
    const testLoad = this.#testLoads.get(isolate)
    this.#testLoads.delete(isolate)
    if (fault === undefined) testLoad?.resolve('lost')
    else testLoad?.reject(new SkerryError('startup_failed', `It ended its cell while it was being loaded. ${fault.message}`))
  }

  /** The cell's word on a load. */
  loaded(isolate: IsolateRecord, outcome: CellFrameRecords['loadOutcome'], codeCache: Buffer): void {
    if (isolate.state !== 'loading') return
    if (codeCache.length > 0) this.#codeCaches.set(codeCacheKey(isolate.version), new Uint8Array(codeCache))
    const testLoad = this.#testLoads.get(isolate)
    this.#testLoads.delete(isolate)
    if (outcome.loaded) {
      isolate.state = 'ready'
      isolate.startMs = outcome.startMs
      if (this.#isAttached(isolate)) this.#provisioning.loaded(isolate.version.key)
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

  /** New requests no longer enter this isolate; it is unloaded when those in it are over. */
  discard(isolate: IsolateRecord): void {
    this.#detach(isolate)
    isolate.retired = true
    if (isolate.inFlight === 0 && isolate.state !== 'gone') isolate.cell.unload(isolate)
  }

  /** Gives up the isolates that were used longest ago and have no request, provisioned ones last. Answers with how many there were. */
  evictIdle(cell: CellHandle, count: number): number {
    const idle = [...cell.isolates.values()].filter((isolate) => isolate.inFlight === 0 && isolate.state === 'ready')
    idle.sort((one, other) => Number(this.#isProvisioned(one)) - Number(this.#isProvisioned(other)) || one.lastUsedMs - other.lastUsedMs)
    const evicted = idle.slice(0, count)
    for (const isolate of evicted) this.discard(isolate)
    return evicted.length
  }

  /** Gives up the isolates of this cell that got no request since then, and are not provisioned. */
  evictUnused(cell: CellHandle, sinceMs: number): void {
    for (const isolate of cell.isolates.values()) {
      if (!this.#isProvisioned(isolate) && isolate.inFlight === 0 && isolate.state === 'ready' && isolate.lastUsedMs < sinceMs) this.discard(isolate)
    }
  }

  #send(isolate: IsolateRecord, script: Uint8Array): void {
    if (isolate.state !== 'reading') return
    const { version, cell } = isolate
    const codeCache = this.#codeCaches.get(codeCacheKey(version))
    cell.load(
      isolate,
      {
        memoryMb: version.limits.memoryMb,
        startupCpuMs: fixedLimits.startupCpuMs,
        cpuMs: version.limits.cpuMs,
        subrequests: version.limits.subrequests,
        environment: JSON.stringify(version.environment),
        produceCodeCache: codeCache === undefined,
        isTrial: this.#testLoads.has(isolate),
      },
      script,
      codeCache,
    )
    for (const exchange of isolate.waiting.splice(0)) {
      if (exchange.over) {
        isolate.inFlight--
        this.settled(isolate)
      }
      else this.#enter(exchange, isolate)
    }
  }

  #enter(exchange: RequestExchange, isolate: IsolateRecord): void {
    exchange.cold = isolate.state !== 'ready'
    isolate.lastUsedMs = performance.now()
    isolate.cell.open(exchange, isolate, JSON.stringify({ ...exchange.request.metadata, cold: exchange.cold }))
  }

  /** Every request that waits for the isolate gets the error; the next request tries anew. */
  #failLoad(isolate: IsolateRecord, error: SkerryError, stack: string | undefined): void {
    this.#detach(isolate)
    this.#testLoads.get(isolate)?.reject(error)
    this.#testLoads.delete(isolate)
    for (const exchange of isolate.waiting.splice(0)) exchange.fail(error, stack)
    isolate.cell.failRequestsOf(isolate, error, stack)
  }

  #detach(isolate: IsolateRecord): void {
    const { key } = isolate.version
    const record = this.#versions.find(key)
    if (record === undefined || !this.#isAttached(isolate)) return
    if (record.isolate === isolate) record.isolate = undefined
    else record.standby = record.standby.filter((one) => one !== isolate)
    this.#versions.release(key)
    // Until it is loaded its start took no time.
    this.#provisioning.lost(key, isolate.startMs === 0)
  }

  /** Whether new requests enter it, or will. */
  #isAttached(isolate: IsolateRecord): boolean {
    const record = this.#versions.find(isolate.version.key)
    return record !== undefined && (record.isolate === isolate || record.standby.includes(isolate))
  }

  #isProvisioned(isolate: IsolateRecord): boolean {
    return this.#provisioning.isWanted(isolate.version.key) && this.#isAttached(isolate)
  }
}

/** Code caches are native code that came out of a cell: never for another account. */
function codeCacheKey(version: RunnableVersion): string {
  return `${version.account}/${version.artifactHash}`
}
