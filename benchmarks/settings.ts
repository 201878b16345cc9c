/** The three questions of a benchmark run. */
export type Question = 'cold-start' | 'latency' | 'throughput'
export const questions: readonly Question[] = ['cold-start', 'latency', 'throughput']

/** How much is measured. All of it goes into the results file. */
export interface Settings {
  readonly rounds: number
  /** Functions whose first request is timed, in each round. */
  readonly functions: number
  /** First requests before those, recorded apart: they warm the client and the server's own code, never the function that is timed. */
  readonly coldWarmUps: number
  /** How often those are sent again, untimed: what counts is a first request to a server that serves others already. */
  readonly coldWarmUpRepeats: number
  /** Pause between a first request's answer and the next first request; 0 sends them back to back, until what is held ready is used up. */
  readonly coldGapMs: number
  readonly latencySeconds: number
  readonly throughputSeconds: number
  readonly warmUpSeconds: number
  readonly throughputConnections: readonly number[]
  readonly timeoutMs: number
}

/** A run to be quoted: about eight minutes with every peer. */
export const fullSettings: Settings = {
  rounds: 5,
  functions: 200,
  coldWarmUps: 20,
  coldWarmUpRepeats: 50,
  coldGapMs: 10,
  latencySeconds: 4,
  throughputSeconds: 5,
  warmUpSeconds: 2,
  throughputConnections: [32, 256],
  timeoutMs: 15_000,
}

/** A run that shows that everything works, in under a minute. Its figures are not to be quoted. */
export const quickSettings: Settings = {
  rounds: 1,
  functions: 20,
  coldWarmUps: 5,
  coldWarmUpRepeats: 5,
  coldGapMs: 0,
  latencySeconds: 1,
  throughputSeconds: 1,
  warmUpSeconds: 1,
  throughputConnections: [32],
  timeoutMs: 15_000,
}
