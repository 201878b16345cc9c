import { invokeError } from './invoke-error.ts'
import type { InvokeInit, RetryRule } from './options.ts'
import { isStream, takeBody } from './request-body.ts'

/** A call, taken apart so that it can be sent to one target after another. */
export interface Call {
  /** The function's URL, the same at every target. */
  readonly url: URL
  /** As it goes to `fetch`, without body and signal. */
  readonly init: Readonly<Omit<RequestInit, 'body' | 'signal'>> & { readonly method: string; readonly headers: Headers }
  readonly body: Exclude<RequestInit['body'], undefined>
  readonly signal: AbortSignal | undefined
  /** Whether the body can be sent again. */
  readonly isReplayable: boolean
  /** Whether the call may go to another target where nothing of it was sent. */
  readonly mayMove: boolean
  /** Whether it may go there also where it may have been sent already. */
  readonly mayRepeat: boolean
}

/** `FUNCTION`, `FUNCTION.ACCOUNT` or `VERSION--FUNCTION`, and a path where wanted. */
const functionTarget = /^((?:[0-9a-z]{26}--)?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)?)((?:[/?].*)?)$/i

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'QUERY'])
/** What `fetch` writes in capitals, whatever was given. @see https://fetch.spec.whatwg.org/#concept-method-normalize */
const normalizedMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'DELETE'])
/** What goes over from a Request. */
const requestFields = ['cache', 'credentials', 'integrity', 'keepalive', 'mode', 'redirect', 'referrer', 'referrerPolicy'] as const

/** Where functions are called that are named, not by URL. */
export interface NamedOrigin {
  readonly protocol: string
  readonly domain: string
  readonly port: string
}

/** Whether it is a Request, also of another realm or package, whose method and body would otherwise be lost. */
export function isRequest(target: string | URL | Request): target is Request {
  return typeof target === 'object' && 'method' in target && 'url' in target
}

/** Whether a function is named, rather than called by URL. */
export function isName(target: string | URL | Request): boolean {
  return typeof target === 'string' && functionTarget.test(target)
}

/** Reads where a call goes. Throws `bad_request` for a target that is neither a function nor an http URL. */
export function readTarget(target: string | URL | Request, named: () => NamedOrigin): URL {
  const text = typeof target === 'string' ? target : isRequest(target) ? target.url : target.href
  const match = typeof target === 'string' ? functionTarget.exec(target) : null
  if (match !== null) {
    const { protocol, domain, port } = named()
    return new URL(`${protocol}//${match[1]}.${domain}${port === '' ? '' : `:${port}`}${match[2]}`)
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !(url.protocol === 'http:' || url.protocol === 'https:')) {
    throw invokeError('bad_request', `${JSON.stringify(text.slice(0, 200))} is neither the name of a function nor an http URL.`)
  }
  return url
}

/** Reads the arguments of `fetch`. */
export async function readCall(url: URL, target: string | URL | Request, options: InvokeInit, rule: RetryRule): Promise<Call> {
  const request = isRequest(target) ? target : undefined
  const { retry = rule, idempotencyKey, timeoutMs: _time, body: givenBody, signal: givenSignal, ...init } = options
  const headers = new Headers(options.headers ?? request?.headers)
  if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey)
  const body = await takeBody(givenBody, request, headers)
  const method = normalizeMethod(options.method ?? request?.method ?? 'GET')
  const isReplayable = !isStream(body)
  const isHarmless = retry === 'always' || idempotencyKey !== undefined || idempotentMethods.has(method)
  return {
    url, body, isReplayable, signal: givenSignal ?? request?.signal,
    init: { ...fieldsOf(request), ...init, method, headers },
    mayMove: retry !== 'never',
    mayRepeat: retry !== 'never' && isReplayable && isHarmless,
  }
}

function normalizeMethod(method: string): string {
  const upper = method.toUpperCase()
  return normalizedMethods.has(upper) ? upper : method
}

function fieldsOf(request: Request | undefined): RequestInit {
  if (request === undefined) return {}
  const fields = Object.fromEntries(requestFields.map((name) => [name, request[name]]).filter(([, value]) => value !== undefined)) as RequestInit
  // No script may send that by itself.
  if ((fields.mode as string | undefined) === 'navigate') delete fields.mode
  return fields
}
