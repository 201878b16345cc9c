/** One request of a client. */
export interface Call {
  /** `FUNCTION` or `FUNCTION.ACCOUNT`. */
  readonly host: string
  /** With the query. */
  readonly path: string
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer<ArrayBuffer> | undefined
}

/** A whole answer. */
export interface Reply {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: Buffer
}

/** Why a request had to be sent again. */
export type RepeatReason = 'refused connection' | 'broken before the answer' | 'answer cut off'

export interface Client {
  readonly name: string
  /** Rejects with a `LostError` where no whole answer came and the request may not be sent again. */
  exchange(call: Call, onRepeat: (reason: RepeatReason, doors: readonly string[]) => void): Promise<Reply>
  close(): Promise<void>
}

/** No whole answer came. */
export class LostError extends Error {
  /** What it was sent to; empty where that is not known. */
  readonly doors: readonly string[]

  constructor(message: string, doors: readonly string[], cause: unknown) {
    super(message, { cause })
    this.name = 'LostError'
    this.doors = doors
  }
}

/** Sendings of one request at most. */
export const attemptsMax = 4

/** Methods without effect, which any client may send again. @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
export const isSafe = (method: Call['method']): boolean => method === 'GET'

/** The error and what caused it, in one line. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    parts.push('code' in each && typeof each.code === 'string' ? `${each.message} (${each.code})` : each.message)
  }
  return parts.length === 0 ? String(error) : parts.join(' <- ')
}
