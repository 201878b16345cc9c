import { type ErrorCode, errorRegistry } from './registry.ts'

export interface SkerryErrorOptions {
  readonly cause?: unknown
  /** The limit that was broken and what was used, in the unit that the detail names. */
  readonly limit?: number
  readonly used?: number
  /** The field, file or route that is at fault. */
  readonly field?: string
  /** When to repeat, where that is known better than the registry does. */
  readonly retryAfterSeconds?: number
}

/** A failure with a code of the registry. `message` is safe to show to whoever caused it. */
export class SkerryError extends Error {
  override readonly name = 'SkerryError'
  readonly code: ErrorCode
  readonly limit: number | undefined
  readonly used: number | undefined
  readonly field: string | undefined
  /** Undefined where repeating does not help. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, detail: string = errorRegistry[code].title, options: SkerryErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.limit = options.limit
    this.used = options.used
    this.field = options.field
    this.retryAfterSeconds = options.retryAfterSeconds ?? errorRegistry[code].retryAfterSeconds
  }

  get status(): number {
    return errorRegistry[this.code].status
  }
}

/** RFC 9457 problem details, as they stand in the body of every refusal. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly field?: string
  readonly limit?: number
  readonly used?: number
  readonly requestId: string
}

/** The problem document of an error. @see https://www.rfc-editor.org/rfc/rfc9457 */
export function toProblem(error: SkerryError, requestId: string): Problem {
  const definition = errorRegistry[error.code]
  return {
    type: `urn:skerry:error:${error.code}`,
    title: definition.title,
    status: definition.status,
    code: error.code,
    detail: error.message,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.limit === undefined ? {} : { limit: error.limit }),
    ...(error.used === undefined ? {} : { used: error.used }),
    requestId,
  }
}
