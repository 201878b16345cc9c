import type { ErrorCode } from '../../../errors/index.ts'
import type { RunnableVersion } from '../../../runtime/supervisor/index.ts'

/** How an attack must end for its caller: exactly one of these. */
export type Ending =
  /** Refused with a code of the registry; with any of them where it is chance which comes first. */
  | { readonly code: ErrorCode | readonly ErrorCode[] }
  /** Answered with status 200 and this text: what it tried came to nothing, and it says so itself. */
  | { readonly answers: string }
  /** The answer's head comes, then the connection is cut, and the operator is told this code. */
  | { readonly breaksOff: ErrorCode }
  /** An answer that goes on for as long as somebody reads it: the caller leaves, and nothing of the request is left. */
  | { readonly goesOn: true }

/** What one hostile function must come to. */
export type Outcome = Ending & {
  /** Until the end, or the first bytes of what goes on, in milliseconds: for a machine that does nothing else. Absent: 3,000. */
  readonly withinMs?: number
  /** What the p99 of another account's function may rise to, as a multiple of its quiet value. Absent: 2. */
  readonly neighbourRatio?: number
  /**
   * Whether the cell that it ran in may be replaced for it, and with it the isolates of its own account there. Absent: `survives`, where the machine
   * has a core for what interrupts it.
   */
  readonly cell?: 'survives' | 'replaced'
  /** A code that the operator is told after the answer. What is refused or breaks off is told in any case. */
  readonly told?: ErrorCode
  /** Where the attack needs room to be one. */
  readonly limits?: Partial<RunnableVersion['limits']>
  readonly isolation?: RunnableVersion['isolation']
  /** Requests at the same time, each of which must end so. Absent: 1. */
  readonly atOnce?: number
  /** A POST whose body comes a byte at a time, without end. Absent: GET. */
  readonly drips?: true
  /** Fails when it is tried before it is served; is served untried all the same, as by a node that starts anew. */
  readonly failsToLoad?: true
  /** Headers that the answer must have, or null for those that must not leave the node. */
  readonly headers?: Readonly<Record<string, string | null>>
}

/** By the name of the file beside it, without `.js`. */
export type Outcomes = Readonly<Record<string, Outcome>>
