import type { ServerResponse } from 'node:http'
import type { UnreadBytes } from '../protection/index.ts'
import { Http2Response } from './http2/index.ts'

/** How long a client may leave what was sent to it unread, and how fast it must take it after that. */
export const unreadLimits = { idleMs: 60_000, bytesPerSecondMin: 1_024 } as const

export interface UnreadLimits {
  /** Without a byte taken. */
  readonly idleMs: number
  /** Bytes a second that a client takes at least, after `idleMs`. */
  readonly bytesPerSecondMin: number
  /** Counts what is left, until it is taken. */
  readonly held: UnreadBytes
  /** Whom it is held for. */
  readonly party: string
}

/**
 * Cuts a client off that does not take the rest of an ended answer: it would hold the node's memory for as long as it likes, and no request
 * counts for it any more. Slow reading is no fault, but a byte now and then does not keep it.
 */
export function cutUnread(response: ServerResponse, { idleMs, bytesPerSecondMin, held, party }: UnreadLimits): void {
  // What HTTP/1.1 gives up with a connection is a stream of it in HTTP/2.
  const taker = response instanceof Http2Response ? response : response.socket
  if (taker === null || taker.destroyed || taker.writableLength === 0) return
  const bytes = taker.writableLength
  const holder = { party, giveUp: () => void taker.destroy() }
  // The server destroys a socket that times out; it sets its own time, for the next request, after this listener.
  taker.setTimeout(idleMs)
  const deadline = setTimeout(holder.giveUp, idleMs + (bytes / bytesPerSecondMin) * 1_000)
  const leave = (): void => {
    clearTimeout(deadline)
    held.clear(holder)
    taker.off('close', leave)
  }
  taker.once('close', leave)
  response.prependOnceListener('finish', () => {
    leave()
    taker.setTimeout(0)
  })
  held.add(holder, bytes)
}
