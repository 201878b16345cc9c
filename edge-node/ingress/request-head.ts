import type { IncomingMessage } from 'node:http'
import { SkerryError } from '../../errors/index.ts'
import { internalHeaders } from './internal-headers.ts'

/** What the ingress reads of a request's head, in one pass over its raw headers. */
export interface InboundHead {
  /** As sent, port included. */
  host: string
  /** Lower case, without port. */
  hostName: string
  /** Path with query, starting with `/`. */
  target: string
  /** Without the query. */
  path: string
  /** Flat, names in lower case; without hop-by-hop headers, `expect`, `authorization` of the hop, and what is listed below. */
  readonly headers: string[]
  /** Likewise: what else proxies say of the client, such as `x-forwarded-host`. It goes on where it came from one that is trusted. */
  readonly forwarded: string[]
  contentLength: number | undefined
  isChunked: boolean
  cookie: string | undefined
  authorization: string | undefined
  affinity: string | undefined
  location: string | undefined
  traceparent: string | undefined
  tracestate: string | undefined
  forwardedFor: string | undefined
  forwardedProtocol: string | undefined
  /** What stood in headers of the internal hop, by name; undefined where there were none. */
  internal: Map<string, string> | undefined
}

/** A header may be of four bytes, but costs the function's isolate a hundred. */
const headersMax = 512

const internalNames: ReadonlySet<string> = new Set(Object.values(internalHeaders))

/** Reads a head. Throws `bad_request` where it is ambiguous, `request_too_large` where it has too many headers. */
export function readRequestHead(request: IncomingMessage): InboundHead {
  const head: InboundHead = {
    host: '', hostName: '', target: '', path: '', headers: [], forwarded: [], contentLength: undefined, isChunked: false, cookie: undefined,
    authorization: undefined, affinity: undefined, location: undefined, traceparent: undefined, tracestate: undefined,
    forwardedFor: undefined, forwardedProtocol: undefined, internal: undefined,
  }
  const raw = request.rawHeaders
  if (raw.length > 2 * headersMax) {
    throw new SkerryError('request_too_large', `The request has more than ${headersMax} headers.`, { limit: headersMax, used: raw.length / 2 })
  }
  let connection: string | undefined
  let hosts = 0
  let traces = 0
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    switch (name) {
      case 'host':
        hosts += 1
        head.host = value
        break
      case 'connection':
        connection = connection === undefined ? value : `${connection},${value}`
        break
      case 'keep-alive': case 'proxy-authenticate': case 'proxy-authorization': case 'proxy-connection': case 'te': case 'trailer':
      case 'upgrade': case 'expect': case 'http2-settings':
        break
      case 'transfer-encoding':
        head.isChunked = true
        break
      case 'content-length':
        head.contentLength = Number(value)
        head.headers.push(name, value)
        break
      case 'authorization':
        head.authorization = value
        break
      case 'traceparent':
        traces += 1
        head.traceparent = value
        break
      case 'tracestate':
        head.tracestate = head.tracestate === undefined ? value : `${head.tracestate},${value}`
        break
      case 'x-forwarded-for':
        head.forwardedFor = head.forwardedFor === undefined ? value : `${head.forwardedFor},${value}`
        break
      case 'x-forwarded-proto':
        head.forwardedProtocol = head.forwardedProtocol === undefined ? value : `${head.forwardedProtocol},${value}`
        break
      case 'forwarded':
        break
      case 'cookie':
        head.cookie = head.cookie === undefined ? value : `${head.cookie}; ${value}`
        break
      default:
        if (name.startsWith('x-skerry-')) readSkerryHeader(head, name, value)
        else if (name.startsWith('x-forwarded-') || name === 'x-real-ip') head.forwarded.push(name, value)
        else head.headers.push(name, value)
    }
  }
  // One field, as a comma would belong to a cookie's value. https://www.rfc-editor.org/rfc/rfc6265#section-5.4
  if (head.cookie !== undefined) head.headers.push('cookie', head.cookie)
  if (hosts > 1) throw new SkerryError('bad_request', 'The request has more than one Host header.', { field: 'host' })
  // Of two contexts neither is the caller's. https://www.w3.org/TR/trace-context/#multiple-traceparent-headers-received
  if (traces > 1) head.traceparent = undefined
  readTarget(head, request)
  readHostName(head)
  if (connection !== undefined) dropNamed(head, connection)
  return head
}

function readSkerryHeader(head: InboundHead, name: string, value: string): void {
  if (name === 'x-skerry-affinity') head.affinity = value
  else if (name === 'x-skerry-location') head.location = value
  else if (internalNames.has(name)) {
    head.internal ??= new Map()
    head.internal.set(name, value)
  }
}

/**
 * Origin form, or absolute form, whose host has to be that of the Host header, or `*` of OPTIONS.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
function readTarget(head: InboundHead, { method, url: target = '' }: IncomingMessage): void {
  if (!/^[\x21\x22\x24-\x7e]+$/.test(target)) throw new SkerryError('bad_request', 'The request target has characters that no URL sends to a server.')
  if (target.startsWith('/')) {
    head.target = target
  } else if (target === '*' && method === 'OPTIONS') {
    head.target = '/'
  } else {
    const match = /^https?:\/\/([^/?@]+)([/?].*)?$/i.exec(target)
    if (match === null) throw new SkerryError('bad_request', 'The request target is neither a path nor an http URL.')
    const [, host = '', rest = '/'] = match
    if (head.host !== '' && head.host.toLowerCase() !== host.toLowerCase()) {
      throw new SkerryError('bad_request', 'The request names one host in its target and another in Host.', { field: 'host' })
    }
    head.host = host
    head.target = rest.startsWith('/') ? rest : `/${rest}`
  }
  const query = head.target.indexOf('?')
  head.path = query === -1 ? head.target : head.target.slice(0, query)
}

/** A registered name in ASCII, or an address; nothing that could be read as the end of it. @see https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2 */
const hostPattern = /^([a-z0-9._-]+|\[[\da-f:.]+\])(?::(\d{0,5}))?$/i

function readHostName(head: InboundHead): void {
  if (head.host === '') throw new SkerryError('bad_request', 'The request has no Host header.', { field: 'host' })
  const [, host = '', port = ''] = hostPattern.exec(head.host) ?? []
  if (host === '' || Number(port) > 65_535) throw new SkerryError('bad_request', 'The Host header is not a host name with or without a port.', { field: 'host' })
  const name = host.toLowerCase()
  head.hostName = name.endsWith('.') ? name.slice(0, -1) : name
}

/** Headers that `Connection` names are for this hop only. What the node itself reads may not be dropped by it. */
function dropNamed(head: InboundHead, connection: string): void {
  const lower = connection.toLowerCase()
  if (lower === 'keep-alive' || lower === 'close') return
  const names = new Set(lower.split(',').map((name) => name.trim()))
  names.delete('content-length')
  const { headers } = head
  let kept = 0
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (names.has(name)) continue
    headers[kept] = name
    headers[kept + 1] = headers[index + 1] ?? ''
    kept += 2
  }
  headers.length = kept
}
