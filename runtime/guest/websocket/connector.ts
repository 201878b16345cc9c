import type { SocketControl } from './web-socket.ts'

/** Opens a connection for a socket, and answers with how to give it up. */
export type Connect = (url: string, protocols: readonly string[], socket: SocketControl) => () => void

/** Set once, while the snapshot is made: opening is an exchange's, and exchanges stand above sockets. */
const connector: { connect?: Connect } = {}

export function setConnector(connect: Connect): void {
  connector.connect = connect
}

export function connectWebSocket(url: string, protocols: readonly string[], socket: SocketControl): () => void {
  if (connector.connect === undefined) throw new TypeError('not initialised')
  return connector.connect(url, protocols, socket)
}
