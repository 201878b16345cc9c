import { isTraceparent } from './identifiers.ts'
import type { ClientDetails } from './internal-headers.ts'
import type { InboundHead } from './request-head.ts'

export interface HeaderRules {
  /** Whether `x-skerry-location` of the request goes on. */
  readonly passesLocation: boolean
  readonly newTraceparent: () => string
}

/** The headers that a function sees. Takes over the head's array: call it once. */
export function toFunctionHeaders(head: InboundHead, client: ClientDetails, rules: HeaderRules): string[] {
  const { headers } = head
  headers.push('host', head.host)
  // A function that calls another has no address.
  if (client.address !== '') headers.push('x-forwarded-for', client.address)
  headers.push('x-forwarded-proto', client.protocol)
  if (head.authorization !== undefined) headers.push('authorization', head.authorization)
  pushDocumented(headers, head, rules)
  return headers
}

/** The headers that another node gets: without `host`, `content-length` and `authorization`, which travel on their own. */
export function toForwardedHeaders(head: InboundHead, rules: HeaderRules): string[] {
  const headers: string[] = []
  for (let index = 0; index + 1 < head.headers.length; index += 2) {
    const name = head.headers[index] ?? ''
    if (name !== 'content-length') headers.push(name, head.headers[index + 1] ?? '')
  }
  pushDocumented(headers, head, rules)
  return headers
}

/** Headers that are read one by one and go on to functions and other nodes alike. */
function pushDocumented(headers: string[], head: InboundHead, rules: HeaderRules): void {
  if (head.affinity !== undefined) headers.push('x-skerry-affinity', head.affinity)
  if (head.location !== undefined && rules.passesLocation) headers.push('x-skerry-location', head.location)
  if (head.traceparent !== undefined && isTraceparent(head.traceparent)) {
    headers.push('traceparent', head.traceparent)
    if (head.tracestate !== undefined) headers.push('tracestate', head.tracestate)
  } else {
    headers.push('traceparent', rules.newTraceparent())
  }
}
