/** The JSON that some frames carry. What comes from a cell is checked by the supervisor before it is believed. */

/** `initialize`: u32-sized JSON of this, then the snapshot. */
export interface CellSettings {
  /** Blank isolates to hold ready once the cell is in use, and before. */
  readonly blankIsolates: number
  readonly initialBlankIsolates: number
  /** Memory limit of blank isolates; a version with another limit gets an isolate made for it. */
  readonly blankMemoryMb: number
  /** Whether time moves while a function's code runs, and not at its I/O alone. */
  readonly runningClock: boolean
}

/** `load`: u32-sized JSON of this, the u32-sized code cache (may be empty), then the script. */
export interface LoadSettings {
  readonly memoryMb: number
  readonly startupCpuMs: number
  /** CPU limit of each request. */
  readonly cpuMs: number
  /** Subrequests of each request. */
  readonly subrequests: number
  /** JSON object of `env`. */
  readonly environment: string
  readonly produceCodeCache: boolean
  /** Whether it is loaded to see that it loads, and serves nobody. */
  readonly isTrial: boolean
}

/** `loaded`: u32-sized JSON of this, then the code cache (may be empty). */
export type LoadOutcome =
  | { readonly loaded: true; readonly startMs: number; readonly cpuMs: number }
  | { readonly loaded: false; readonly code: string; readonly message: string; readonly stack: string }

/** `isolateLost`: why isolate `id` is gone. `exchange` is the request that broke the limit, 0 where it was none. */
export interface IsolateLoss {
  readonly code: string
  readonly message: string
  readonly exchange: number
  readonly limit?: number
  readonly used?: number
}

/** `measured`: bytes on the heap and beside it, of so many isolates at most. */
export interface IsolateMeasure {
  readonly isolate: number
  readonly bytes: number
}
export const measuresMax = 8

/** `log`. */
export interface CellLog {
  readonly kind: 'console' | 'exception'
  readonly level: string
  readonly text: string
  readonly stack?: string
  readonly isolate: number
}

/** `reset`. */
export interface ResetReason {
  readonly code: string
  readonly message: string
  readonly stack?: string
  /** The sender refuses the body that flows towards it, instead of breaking off the one that it sends. */
  readonly inbound?: boolean
  readonly limit?: number
  readonly used?: number
}

/** The path under which a script's frames appear in stacks. */
export const scriptName = 'worker.js'

/** How a script ends that awaits nothing at its top level. One that says so and does is held for loaded too early; nobody else is harmed. */
export const synchronousMark = '//# evaluation=synchronous\n'
