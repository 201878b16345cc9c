/** What can be asked for, in the order in which it is measured and shown. */
export const rowNames = [
  'cold-start', 'cold-start-open', 'cold-start-large', 'burst', 'after-eviction',
  'latency', 'throughput', 'json-api', 'body', 'request-isolation', 'memory', 'publish',
] as const
export type RowName = (typeof rowNames)[number]

/** How much is measured. All of it goes into the results file. */
export interface Settings {
  /** Medians are taken over so many, less where a row says so. */
  readonly rounds: number
  /** Functions whose first request is timed, in each round. */
  readonly functions: number
  readonly openFunctions: number
  readonly largeFunctions: number
  readonly burstFunctions: number
  readonly evictedFunctions: number
  /** First requests before those, recorded apart: they warm the client and the server's own code, never the function that is timed. */
  readonly coldWarmUps: number
  /** How often those are sent again, untimed: what counts is a first request to a server that serves others already. */
  readonly coldWarmUpRepeats: number
  /** Pause between a first request's answer and the next first request; 0 sends them back to back, until what is held ready is used up. */
  readonly coldGapMs: number
  /** Of `cold-start-open`, which does not wait for answers. */
  readonly openPerSecond: number
  /** What a server does after its last first request, such as making up for what it held ready, counts until then. */
  readonly settleMs: number
  /** After which a node that is told so unloads a function that nobody called. */
  readonly idleSeconds: number
  readonly loadSeconds: number
  /** A server is loaded for so long, by so many connections at least, before it is measured: engines compile by the number of calls. */
  readonly warmUpSeconds: number
  readonly warmUpConnections: number
  readonly throughputConnections: readonly number[]
  readonly memoryFunctions: number
  readonly memoryRestMs: number
  readonly memoryRounds: number
  /** Versions that are published and timed; no fifty nodes are started for 0. */
  readonly publishes: number
  readonly publishesToFifty: number
  readonly timeoutMs: number
}

/** A run to be quoted. */
export const fullSettings: Settings = {
  rounds: 3,
  functions: 200,
  openFunctions: 200,
  largeFunctions: 40,
  burstFunctions: 100,
  evictedFunctions: 60,
  coldWarmUps: 20,
  coldWarmUpRepeats: 50,
  coldGapMs: 10,
  openPerSecond: 20,
  settleMs: 1_000,
  idleSeconds: 1,
  loadSeconds: 2,
  warmUpSeconds: 3,
  warmUpConnections: 32,
  throughputConnections: [32, 256],
  memoryFunctions: 1_000,
  memoryRestMs: 5_000,
  memoryRounds: 1,
  publishes: 40,
  publishesToFifty: 20,
  timeoutMs: 15_000,
}

/** A run that shows that everything works. Its figures are not to be quoted. */
export const quickSettings: Settings = {
  rounds: 1,
  functions: 20,
  openFunctions: 20,
  largeFunctions: 4,
  burstFunctions: 20,
  evictedFunctions: 10,
  coldWarmUps: 5,
  coldWarmUpRepeats: 20,
  coldGapMs: 10,
  openPerSecond: 20,
  settleMs: 200,
  idleSeconds: 1,
  loadSeconds: 1,
  warmUpSeconds: 2,
  warmUpConnections: 32,
  throughputConnections: [32],
  memoryFunctions: 40,
  memoryRestMs: 500,
  memoryRounds: 1,
  publishes: 5,
  publishesToFifty: 0,
  timeoutMs: 15_000,
}
