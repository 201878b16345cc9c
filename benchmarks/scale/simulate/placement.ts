import { createRandom } from '../../../test/helpers/random.ts'
import { zipfShares } from '../model/popularity.ts'
import { CellNode, type CellSettings } from './cells.ts'
import { IsolateCache } from './isolate-cache.ts'
import { createSampler } from './sampler.ts'
import { simulate, type SimulationResult } from './simulate.ts'

export interface PlacementOptions {
  readonly functions: number
  readonly accounts: number
  /** How uneven accounts are in the number of their functions, by Zipf's law. */
  readonly accountExponent: number
  readonly exponent: number
  readonly requestsPerSecond: number
  readonly requests: number
  readonly warmUp: number
  readonly seed: number
}

export interface PlacementResult extends SimulationResult {
  readonly accounts: number
  readonly cells: number
  readonly cellStartsPerMinute: number
}

/** One node with today's cells, where functions belong to accounts: each to one that is drawn for it, whatever its popularity. */
export function simulatePlacement(settings: CellSettings, options: PlacementOptions): PlacementResult {
  const random = createRandom(options.seed)
  const drawAccount = createSampler(zipfShares(options.accounts, options.accountExponent), () => random.next())
  const accountOf = Int32Array.from({ length: options.functions }, drawAccount)
  const node = new CellNode(settings, (id) => accountOf[id] ?? 0)
  let startedBefore = 0
  const onWarm = (): void => {
    startedBefore = node.cellsStarted
  }
  const result = simulate(node, { ...options, shares: zipfShares(options.functions, options.exponent), onWarm })
  const minutes = (options.requests - options.warmUp) / options.requestsPerSecond / 60
  return { ...result, accounts: options.accounts, cells: node.cells, cellStartsPerMinute: (node.cellsStarted - startedBefore) / minutes }
}

/** The same requests to a node that gives up what was used longest ago, whoever it belongs to. */
export function simulateShared(capacity: number, idleSeconds: number, options: PlacementOptions): SimulationResult {
  return simulate(new IsolateCache(options.functions, { capacity, idleSeconds }), { ...options, shares: zipfShares(options.functions, options.exponent) })
}
