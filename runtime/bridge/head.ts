/**
 * Heads of requests and answers as one string: fields joined by line feeds, which no field may contain. Header names and
 * values are byte strings (one character, one byte), so a head crosses the pipe as Latin-1 and enters an isolate in one copy.
 */

export interface RequestHead {
  readonly method: string
  /** Absolute URL. */
  readonly url: string
  /** JSON of what `request.skerry` shows inside, or of the options of a subrequest (`redirect`, the binding it goes to). */
  readonly metadata: string
  /** Name, value, name, value, ...; repeated names stay repeated. Names in lower case. */
  readonly headers: readonly string[]
}

export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  /** Of a subrequest's answer: the URL after redirects and whether there was one. Empty otherwise. */
  readonly metadata: string
  readonly headers: readonly string[]
}

export function encodeRequestHead(head: RequestHead): string {
  const start = `${head.method}\n${head.url}\n${head.metadata}`
  return head.headers.length === 0 ? start : `${start}\n${head.headers.join('\n')}`
}

/** A head whose headers are the caller's own to change. */
export type Decoded<Head> = Head & { readonly headers: string[] }

/** Throws a RangeError where the string is not a head. */
export function decodeRequestHead(text: string): Decoded<RequestHead> {
  const fields = text.split('\n')
  const [method, url, metadata] = fields
  const headers = fields.slice(3)
  if (method === undefined || url === undefined || metadata === undefined || headers.length % 2 !== 0) {
    throw new RangeError('malformed request head')
  }
  return { method, url, metadata, headers }
}

export function encodeResponseHead(head: ResponseHead): string {
  const start = `${head.status}\n${head.statusText}\n${head.metadata}`
  return head.headers.length === 0 ? start : `${start}\n${head.headers.join('\n')}`
}

/** Throws a RangeError where the string is not a head with a status from 200 to 599 (101 for an upgrade). */
export function decodeResponseHead(text: string): Decoded<ResponseHead> {
  const fields = text.split('\n')
  const [statusField, statusText, metadata] = fields
  const headers = fields.slice(3)
  const status = Number(statusField)
  const isStatus = Number.isInteger(status) && ((status >= 200 && status <= 599) || status === 101)
  if (!isStatus || statusText === undefined || metadata === undefined || headers.length % 2 !== 0) {
    throw new RangeError('malformed response head')
  }
  return { status, statusText, metadata, headers }
}
