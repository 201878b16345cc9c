import type { Popularity } from './popularity.ts'

export interface CacheBounds {
  /** Isolates that there is memory for. */
  readonly capacity: number
  /** After which an isolate without a request is unloaded. */
  readonly idleSeconds: number
}

export interface WarmPrediction {
  /** Share of requests that find their isolate, 0 to 1. */
  readonly warmShare: number
  readonly coldPerSecond: number
  /** Isolates that are there on average. */
  readonly resident: number
  /** For so long an isolate stays after its last request. */
  readonly heldSeconds: number
  readonly boundBy: 'memory' | 'idleness'
}

const bisections = 40

/**
 * What a cache of isolates comes to that gives up the one used longest ago, and those that idle. By Che's approximation: where requests are
 * independent, memory that is full acts like one more idle time-out, the characteristic time, which is the same for all functions. It is the one
 * at which as many isolates are held as there is room for.
 *
 * @see https://doi.org/10.1109/JSAC.2002.801752 (Che, Tung, Wang: Hierarchical Web caching systems)
 */
export function predictWarm(popularity: Popularity, requestsPerSecond: number, { capacity, idleSeconds }: CacheBounds): WarmPrediction {
  const unbounded = residentAfter(popularity, requestsPerSecond, idleSeconds)
  const boundBy = unbounded > capacity ? 'memory' : 'idleness'
  const heldSeconds = boundBy === 'idleness' ? idleSeconds : characteristicSeconds(popularity, requestsPerSecond, capacity, idleSeconds)
  let coldShare = 0
  for (const { functions, share } of popularity) coldShare += functions * share * Math.exp(-share * requestsPerSecond * heldSeconds)
  return {
    warmShare: 1 - coldShare, coldPerSecond: coldShare * requestsPerSecond,
    resident: boundBy === 'memory' ? capacity : unbounded, heldSeconds, boundBy,
  }
}

/** Isolates on average where each is held for so long after a request. */
function residentAfter(popularity: Popularity, requestsPerSecond: number, heldSeconds: number): number {
  let resident = 0
  for (const { functions, share } of popularity) resident -= functions * Math.expm1(-share * requestsPerSecond * heldSeconds)
  return resident
}

function characteristicSeconds(popularity: Popularity, requestsPerSecond: number, capacity: number, mostSeconds: number): number {
  let high = mostSeconds
  while (residentAfter(popularity, requestsPerSecond, high / 2) > capacity) high /= 2
  let low = high / 2
  for (let step = 0; step < bisections; step++) {
    const middle = (low + high) / 2
    if (residentAfter(popularity, requestsPerSecond, middle) > capacity) high = middle
    else low = middle
  }
  return (low + high) / 2
}
