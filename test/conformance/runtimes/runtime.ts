import type { FileOutcome } from '../outcome.ts'
import type { TestProgram } from '../program.ts'

export type RuntimeName = 'skerry' | 'workerd' | 'deno'

/** Something that runs test programs, each in a fresh global scope. */
export interface ConformanceRuntime {
  readonly name: RuntimeName
  /** How many programs it may run at a time. */
  readonly concurrency: number
  run(program: TestProgram): Promise<FileOutcome>
  close(): Promise<void>
}

/** What a program may take beyond its own time-out before it counts as crashed. */
export const graceMs = 15_000
