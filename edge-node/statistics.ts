import { performance } from 'node:perf_hooks'
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

  /** Share of the node's capacity in use since the last call, 0 to 1. `eagerMs`: see `RuntimeStatus`. */
  load(eagerMs: number): number {
    const now = performance.eventLoopUtilization()
    const { active, idle } = performance.eventLoopUtilization(now, this.#loopBefore)
    const busyMs = active - (eagerMs - this.#eagerMsBefore)
    this.#loopBefore = now
    this.#eagerMsBefore = eagerMs
    return Math.min(1, Math.max(0, busyMs / (active + idle) || 0, this.inFlight / inFlightAtFullLoad))
  }
}
