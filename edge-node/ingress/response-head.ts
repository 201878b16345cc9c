import type { FunctionResponseHead } from '../../runtime/supervisor/index.ts'

/** What of a function's answer the node decides. */
export interface ResponseHeadContext {
  readonly requestId: string
  readonly node: string
  readonly region: string
  readonly version: string
  readonly domain: string
  /** Below it the node answers other functions too. */
  readonly nodeHost?: string | undefined
  /** Since the request came in. */
  readonly totalMs: number
  /** `set-cookie` of the affinity, where the client needs one. */
  readonly affinityCookie: string | undefined
  readonly isHead: boolean
  /** Length of the whole body where it is known, undefined where chunks follow. */
  readonly wholeBytes: number | undefined
  readonly closing: boolean
  /** Of a function that may be run near its back end: whether it was run where the request came in. */
  readonly placement?: 'local' | 'remote' | undefined
  /** Where the version may run; told where that is not everywhere. */
  readonly regions?: readonly string[] | undefined
  /** The node that sent the request on to this one, and how old it was then. */
  readonly forwarded?: ForwardedBy | undefined
}

export interface ForwardedBy {
  readonly node: string
  readonly elapsedMs: number
}

export interface OutgoingHead {
  readonly headers: string[]
  /** What the function promised of a streamed body, to be held to; undefined where it goes out chunked. */
  readonly promisedBytes: number | undefined
  readonly droppedCookies: number
}

/** Statuses whose answers have no body. @see https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1 */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/**
 * The head that goes to the client: hop-by-hop and `x-skerry-*` headers of the function are dropped, the node's own are added, and
 * `content-length` is what the body really has.
 */
export function buildResponseHead(head: FunctionResponseHead, context: ResponseHeadContext): OutgoingHead {
  const headers: string[] = []
  let promisedBytes: number | undefined
  let droppedCookies = 0
  const from = head.headers
  for (let index = 0; index + 1 < from.length; index += 2) {
    const name = from[index] ?? ''
    const value = from[index + 1] ?? ''
    switch (name) {
      case 'connection': case 'keep-alive': case 'proxy-authenticate': case 'proxy-connection': case 'te': case 'trailer':
      case 'transfer-encoding': case 'upgrade': case 'http2-settings':
        break
      case 'content-length':
        if (/^\d{1,15}$/.test(value)) promisedBytes = Number(value)
        break
      case 'set-cookie':
        if (isForOthers(value, context)) droppedCookies += 1
        else headers.push(name, value)
        break
      default:
        if (!name.startsWith('x-skerry-')) headers.push(name, value)
    }
  }
  promisedBytes = lengthToSend(head.status, context, promisedBytes)
  if (promisedBytes !== undefined) headers.push('content-length', String(promisedBytes))
  if (context.affinityCookie !== undefined) headers.push('set-cookie', context.affinityCookie)
  headers.push(
    'x-skerry-id', context.requestId,
    'x-skerry-node', context.node,
    'x-skerry-region', context.region,
    'x-skerry-version', context.version,
    'server-timing',
    `start;dur=${hundredths(head.startMs)};desc="${head.startKind}", cpu;dur=${tenths(head.cpuMs)}, total;dur=${tenths(context.totalMs)}${forwardMetric(context.forwarded)}`,
  )
  if (context.regions !== undefined) headers.push(regionsHeader, context.regions.join(', '))
  if (context.placement !== undefined) headers.push('x-skerry-placement', context.placement)
  if (context.closing) headers.push('connection', 'close')
  return { headers, promisedBytes, droppedCookies }
}

/** Tells clients, gateways among them, in which regions all that a host leads to may run; absent where that is anywhere. */
export const regionsHeader = 'x-skerry-regions'

function forwardMetric(forwarded: ForwardedBy | undefined): string {
  return forwarded === undefined ? '' : `, forward;dur=${tenths(forwarded.elapsedMs)};desc="${forwarded.node}"`
}

function lengthToSend(status: number, context: ResponseHeadContext, promised: number | undefined): number | undefined {
  if (status === 204 || status === 101) return undefined
  // The answer to HEAD, and 304, tell the length that GET would have had.
  if (status === 304) return promised
  if (status === 205) return 0
  if (context.isHead) return context.wholeBytes !== undefined && context.wholeBytes > 0 ? context.wholeBytes : promised
  return context.wholeBytes ?? promised
}

// No finer: whoever publishes a function and calls it would time its work by them, for which code inside has no clock.
const hundredths = (ms: number): number => Math.ceil(ms * 100) / 100
const tenths = (ms: number): number => Math.ceil(ms * 10) / 10

function isForOthers(setCookie: string, { domain, nodeHost }: ResponseHeadContext): boolean {
  return isCookieAtOrAbove(setCookie, domain) || (nodeHost !== undefined && isCookieAtOrAbove(setCookie, nodeHost))
}

/** Whether a cookie would be sent to other functions' hosts: its Domain is DOMAIN or above it. */
export function isCookieAtOrAbove(setCookie: string, domain: string): boolean {
  for (const match of setCookie.matchAll(/;\s*domain\s*=\s*"?\.?([^;"]*)/gi)) {
    const of = (match[1] ?? '').trim().toLowerCase().replace(/\.$/, '')
    if (of !== '' && (of === domain || domain.endsWith(`.${of}`))) return true
  }
  return false
}
