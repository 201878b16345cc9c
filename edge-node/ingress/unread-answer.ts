import type { ServerResponse } from 'node:http'

/**
 * Cuts a client off that leaves the rest of an ended answer unread for `unreadMs`: it would hold the node's memory for as long as it likes,
 * and no request counts for it any more. Slow reading is no fault: the time begins anew with every byte that the client takes.
 */
export function cutUnread(response: ServerResponse, unreadMs: number): void {
  const { socket } = response
  if (socket === null || socket.writableLength === 0) return
  // The server destroys a socket that times out; it sets its own time, for the next request, after this listener.
  socket.setTimeout(unreadMs)
  response.prependOnceListener('finish', () => socket.setTimeout(0))
}
