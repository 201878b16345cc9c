import type { Socket } from 'node:net'

/** Resets a connection; closes it where its end is on its way already: such a socket, reset, Node would keep for good, and its process would not end. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
