import { performance } from 'node:perf_hooks'
import { nextPressureMs } from '../geography/index.ts'
import type { FunctionResponseHead, StartKind } from '../runtime/supervisor/index.ts'

const requestBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const startBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
/** Requests in flight at which a node calls itself fully loaded. */
const inFlightAtFullLoad = 2_000

/** Counts into buckets; cheap enough for every request. */
export class Distribution {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  add(seconds: number): void {
    let index = 0
    while (index < this.bounds.length && seconds > (this.bounds[index] ?? 0)) index += 1
    this.counts[index] = (this.counts[index] ?? 0) + 1
    this.sum += seconds
  }
}

/** What a node counts of its requests. Labels are codes of the registry and kinds of start: bounded. */
export class EdgeStatistics {
  readonly requestsByCode = new Map<string, number>()
  readonly startsByKind = new Map<StartKind, number>()
  readonly requestSeconds = new Distribution(requestBounds)
  readonly coldStartSeconds = new Distribution(startBounds)
  cpuSeconds = 0
  inFlight = 0
  #loopBefore = performance.eventLoopUtilization()
  #eagerMsBefore = 0
  #pressureMs = 0
  #load = 0
  #demandSum = 0
  #steps = 0
  #over = 0
  #overBefore = 0
  #refusedBefore = 0
  readonly #idleListeners = new Set<() => void>()

  begin(): void {
    this.inFlight += 1
  }

  head(head: FunctionResponseHead): void {
    this.startsByKind.set(head.startKind, (this.startsByKind.get(head.startKind) ?? 0) + 1)
    this.cpuSeconds += head.cpuMs / 1_000
    if (head.startKind !== 'warm') this.coldStartSeconds.add(head.startMs / 1_000)
  }

  over(code: string, totalMs: number): void {
    this.inFlight -= 1
    this.#over += 1
    this.requestsByCode.set(code, (this.requestsByCode.get(code) ?? 0) + 1)
    this.requestSeconds.add(totalMs / 1_000)
    if (this.inFlight === 0) for (const listener of this.#idleListeners) listener()
  }

  /** Resolves true when no request is in flight, false after `timeoutMs`. */
  idle(timeoutMs: number): Promise<boolean> {
    if (this.inFlight === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const settle = (isIdle: boolean): void => {
        clearTimeout(timer)
        this.#idleListeners.delete(listener)
        resolve(isIdle)
      }
      const listener = (): void => settle(true)
      const timer = setTimeout(() => settle(false), timeoutMs)
      this.#idleListeners.add(listener)
    })
  }

  /** By what it asks clients to go elsewhere, as it was told last. */
  get pressureMs(): number {
    return Math.round(this.#pressureMs * 10) / 10
  }

  /** Sets the pressure by what was asked for since the last step; wanted every `pressureStepMs`. `eagerMs`: see `RuntimeStatus`. */
  step(eagerMs: number): void {
    const demand = this.#demand(eagerMs)
    this.#pressureMs = nextPressureMs(this.#pressureMs, demand)
    this.#demandSum += demand
    this.#steps += 1
  }

  /** What the node tells of its load every few seconds: the share of its capacity in use since the last report, and its pressure. */
  report(): { readonly load: number; readonly pressureMs: number } {
    if (this.#steps > 0) this.#load = Math.min(1, this.#demandSum / this.#steps)
    this.#demandSum = 0
    this.#steps = 0
    return { load: this.#load, pressureMs: this.pressureMs }
  }

  /** What the node was asked for since the last call, in shares of its capacity: above 1 where it refused as overloaded. */
  #demand(eagerMs: number): number {
    const now = performance.eventLoopUtilization()
    const { active, idle } = performance.eventLoopUtilization(now, this.#loopBefore)
    const busyMs = active - (eagerMs - this.#eagerMsBefore)
    this.#loopBefore = now
    this.#eagerMsBefore = eagerMs
    const used = Math.min(1, Math.max(0, busyMs / (active + idle) || 0, this.inFlight / inFlightAtFullLoad))
    const over = this.#over - this.#overBefore
    const refused = (this.requestsByCode.get('overloaded') ?? 0) - this.#refusedBefore
    this.#overBefore += over
    this.#refusedBefore += refused
    return refused === 0 ? used : (used * over) / Math.max(1, over - refused)
  }
}
