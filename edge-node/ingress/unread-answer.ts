import type { ServerResponse } from 'node:http'
import type { UnreadBytes } from '../protection/index.ts'

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
  const { socket } = response
  if (socket === null || socket.destroyed || socket.writableLength === 0) return
  const bytes = socket.writableLength
  const holder = { party, giveUp: () => void socket.destroy() }
  // The server destroys a socket that times out; it sets its own time, for the next request, after this listener.
  socket.setTimeout(idleMs)
  const deadline = setTimeout(holder.giveUp, idleMs + (bytes / bytesPerSecondMin) * 1_000)
  const leave = (): void => {
    clearTimeout(deadline)
    held.clear(holder)
    socket.off('close', leave)
  }
  socket.once('close', leave)
  response.prependOnceListener('finish', () => {
    leave()
    socket.setTimeout(0)
  })
  held.add(holder, bytes)
}
