import { type Forwarded, internalHeaders } from './internal-headers.ts'
import type { InboundHead } from './request-head.ts'
import type { ForwardedBy } from './response-head.ts'

/** How a request came to this node that another node sent on. */
export interface ForwardedRequest extends ForwardedBy {
  readonly why: Forwarded
}

/** Longer than a function may ask for. */
const elapsedMsMax = 3_600_000

/** Of a request on the internal listener; undefined where it came from a gateway. */
export function readForwarded(head: InboundHead): ForwardedRequest | undefined {
  const why = head.internal?.get(internalHeaders.forwarded)
  if (why === undefined) return undefined
  const by = head.internal?.get(internalHeaders.forwarder) ?? ''
  return { why: why === 'load' ? 'load' : '1', node: /^[a-z0-9-]{1,64}$/.test(by) ? by : 'unknown', elapsedMs: readElapsed(head) }
}

/** How old a request on the internal listener was when it was sent here, in ms. */
export function readElapsed(head: InboundHead): number {
  const elapsedMs = Number(head.internal?.get(internalHeaders.elapsed) ?? 0)
  return elapsedMs >= 0 && elapsedMs <= elapsedMsMax ? elapsedMs : 0
}

/** How many calls between functions a call from another node may set off; undefined where it is no such call. */
export function readCalls(head: InboundHead): number | undefined {
  const text = head.internal?.get(internalHeaders.calls)
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined
}
