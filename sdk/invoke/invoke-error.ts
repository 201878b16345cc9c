import { type ErrorCode, SkerryError, type SkerryErrorOptions } from '../../errors/index.ts'

/** One target that a call was offered to, and what became of it. */
export interface Tried {
  /** Name of the node, or host of `baseUrl`. */
  readonly target: string
  readonly url: string
  /** `failed`: no answer came (`error`); `refused`: by this `status`; `silent`: neither, until the call was over. */
  readonly outcome: 'failed' | 'refused' | 'silent'
  readonly status?: number
  readonly error?: unknown
}

/**
 * What calls reject with, but for aborts and time-outs. A TypeError with the message of Node's own `fetch`, since that is what libraries take
 * for a failure of the network; what happened stands in `code`, `tried` and, as words, in the message of `cause`.
 *
 * Codes: `no_healthy_node` (nobody answered), `server_unreachable`, `unauthorized` or `forbidden` (nodes could not be listed), `bad_request`
 * (the target is neither a function nor a URL).
 * @see https://fetch.spec.whatwg.org/#concept-network-error
 */
export class InvokeError extends TypeError {
  readonly code: ErrorCode
  readonly tried: readonly Tried[]
  override readonly cause: SkerryError

  constructor(cause: SkerryError, tried: readonly Tried[] = []) {
    super('fetch failed')
    // As plain `fetch` has it: some libraries go by the name.
    Object.defineProperty(this, 'name', { value: 'TypeError' })
    this.cause = cause
    this.code = cause.code
    this.tried = tried
  }
}

export function invokeError(code: ErrorCode, detail: string, options: SkerryErrorOptions = {}, tried: readonly Tried[] = []): InvokeError {
  return new InvokeError(new SkerryError(code, detail, options), tried)
}

/** That none of these answered; the cause is what the last one failed by. */
export function nobodyAnswered(host: string, tried: readonly Tried[]): InvokeError {
  const each = tried.map(({ target, outcome, error }) => `${target} ${outcome}${error instanceof Error ? ` (${describe(error)})` : ''}`)
  const detail = `Nobody answered the call of ${host}: ${each.length === 0 ? 'there is no node that it can go to' : each.join(', ')}.`
  return invokeError('no_healthy_node', detail, { cause: tried.findLast(({ error }) => error !== undefined)?.error }, tried)
}

/** What went wrong, by the code of whatever was the first cause, or its message. */
function describe(error: Error): string {
  let first = error
  for (let depth = 0; first.cause instanceof Error && depth < 5; depth += 1) first = first.cause
  return 'code' in first && typeof first.code === 'string' ? first.code : first.message
}
