import { SkerryError } from '../../errors/index.ts'

/** A call, taken apart so that it can be sent to one node after another. */
export interface Call {
  readonly method: string
  /** The function's URL; a node's scheme and port replace its own. */
  readonly url: URL
  readonly headers: Headers
  readonly body: Exclude<RequestInit['body'], undefined>
  /** Whether the body can be sent again. */
  readonly isReplayable: boolean
  readonly signal: AbortSignal | undefined
  readonly redirect: Request['redirect']
}

/** `FUNCTION`, `FUNCTION.ACCOUNT` or `VERSION--FUNCTION`, and a path where wanted. */
const functionTarget = /^((?:[0-9a-z]{26}--)?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)?)((?:[/?].*)?)$/i

/** Reads the arguments of `fetch`. Rejects with `bad_request` for a target that is neither a function nor an http URL. */
export async function readCall(target: string | URL | Request, init: RequestInit, domain: string): Promise<Call> {
  const request = target instanceof Request ? target : undefined
  const url = toUrl(target instanceof Request ? target.url : typeof target === 'string' ? target : target.href, domain)
  const headers = new Headers(init.headers ?? request?.headers)
  const signal = init.signal ?? request?.signal ?? undefined
  const given = init.body === undefined ? request?.body ?? null : init.body
  let body: Call['body'] = given
  if (given instanceof FormData) {
    // Encoded once, so that every attempt sends the same boundary.
    const encoded = new Response(given)
    const contentType = encoded.headers.get('content-type')
    if (contentType !== null) headers.set('content-type', contentType)
    body = await encoded.arrayBuffer()
  }
  return {
    method: (init.method ?? request?.method ?? 'GET').toUpperCase(), url, headers, body,
    isReplayable: !isStream(given), signal, redirect: init.redirect ?? request?.redirect ?? 'follow',
  }
}

function toUrl(target: string, domain: string): URL {
  const named = functionTarget.exec(target)
  const text = named === null ? target : `http://${named[1]}.${domain}${named[2]}`
  const url = URL.parse(text)
  if (url === null || !(url.protocol === 'http:' || url.protocol === 'https:')) {
    throw new SkerryError('bad_request', `${JSON.stringify(target.slice(0, 200))} is neither the name of a function nor an http URL.`)
  }
  return url
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body instanceof ReadableStream || Symbol.asyncIterator in body)
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY'])

/** Errors of connecting: nothing was sent. A reset is not among them, for it may have come after the request. */
const connectErrors: ReadonlySet<string> = new Set([
  'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT',
])

/** Whether a call that failed without an answer may go to another node: nothing was sent, or sending it twice is harmless. */
export function mayRepeatAfterFailure(call: Call, error: unknown): boolean {
  if (!call.isReplayable || call.signal?.aborted === true) return false
  return idempotentMethods.has(call.method) || isConnectError(error)
}

/**
 * Whether an answer is a refusal that another node may do better: the node vouches that no code ran, or it is overloaded and the
 * call is harmless to repeat. A function's own 503 and a broken limit are answers, and would be the same elsewhere.
 */
export function mayRepeatAfterAnswer(call: Call, response: Response): boolean {
  if (!call.isReplayable) return false
  if (response.headers.get('x-skerry-not-begun') === '1') return true
  const code = response.headers.get('x-skerry-error')
  return response.status === 503 && (code === 'overloaded' || code === 'no_healthy_node') && idempotentMethods.has(call.method)
}

function isConnectError(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if ('code' in each && typeof each.code === 'string' && connectErrors.has(each.code)) return true
    // Of several addresses that were tried, each error counts.
    if (each instanceof AggregateError && each.errors.length > 0) return each.errors.every((inner) => isConnectError(inner))
  }
  return false
}
