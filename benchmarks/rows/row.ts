import type { Peer, PeerContext, PeerName } from '../peers/peer.ts'
import type { RowName, Settings } from '../settings.ts'

/** The figures of a round besides its times, by name, with how people read them. */
export const figures = {
  requestsPerSecond: { title: 'requests', unit: '/s', better: 'higher' },
  megabytesPerSecond: { title: 'each way', unit: 'MB/s', better: 'higher' },
  cpuMs: { title: 'CPU a cold start', unit: 'ms', better: 'lower' },
  memoryMb: { title: 'memory a function', unit: 'MB', better: 'lower' },
  deployedMb: { title: 'of it before the call', unit: 'MB', better: 'lower' },
  kept: { title: 'still loaded', unit: '%', better: 'higher' },
} as const
export type FigureName = keyof typeof figures

/** What one round of one case gave. */
export interface CaseRound {
  /** Every single time that was measured, in milliseconds. */
  readonly samplesMs?: readonly number[]
  /** Times at rising percentages, from a load generator that keeps no single ones: percent, milliseconds. */
  readonly curveMs?: readonly (readonly [number, number])[]
  readonly figures?: Readonly<Partial<Record<FigureName, number>>>
  /** What else was measured on the way; shown nowhere, but kept. */
  readonly raw?: Readonly<Record<string, readonly number[]>>
}

/** One line of what a row asks, such as a number of connections. */
export interface Case {
  readonly name: string
  /** What its times are, or what is loaded how. */
  readonly title: string
}

/** A question, and the way to its answer. Adding one is one file and one line in `rows/index.ts`. */
export interface Row {
  readonly name: RowName
  readonly title: string
  /** One sentence for the report: what is done to whom. */
  readonly about: (settings: Settings) => string
  readonly cases: (settings: Settings) => readonly Case[]
  /** What decides between peers: their times, or one of the figures. */
  readonly decides: 'times' | FigureName
  readonly peers: readonly PeerName[]
  readonly rounds: (settings: Settings) => number
  /** Roughly how long a full round of all peers takes, in seconds; only to tell what is left. */
  readonly weight: number
  /** How a peer does it, where that differs between peers. */
  readonly method?: (peer: Peer) => string
  /** One round of one peer in fresh processes, by case. */
  measure(peer: Peer, context: PeerContext, settings: Settings): Promise<Readonly<Record<string, CaseRound>>>
}

/** Whether wrk is needed for it. */
export const loadRows: readonly RowName[] = ['latency', 'throughput', 'json-api', 'body', 'request-isolation']
