import { errorRegistry, isErrorCode } from '../../errors/index.ts'

/** How one request of a function ended, as far as usage is told of it. */
export interface RequestOutcome {
  /** `ok`, `client_gone` or a code of the registry. */
  readonly code: string
  /** What the function answered with; undefined where it did not come to that. */
  readonly status: number | undefined
  /** From the request's head to the answer's head, or to the end where no head came. */
  readonly latencyMs: number
  /** It was asked for by the host name of its version. */
  readonly isPreview: boolean
}

/** Codes of requests that the function never saw, since others had taken the room. */
const refusals: ReadonlySet<string> = new Set(['concurrency_limit_exceeded', 'overloaded', 'no_healthy_node'])

/** `error`: the function's own fault; `answered5xx`: it answered so itself; `refused`: it was not asked. */
export function judgeOutcome({ code, status }: Pick<RequestOutcome, 'code' | 'status'>): 'fine' | 'error' | 'answered5xx' | 'refused' {
  if (refusals.has(code)) return 'refused'
  if (isErrorCode(code) && errorRegistry[code].audience === 'function' && errorRegistry[code].status >= 500) return 'error'
  return status !== undefined && status >= 500 ? 'answered5xx' : 'fine'
}
