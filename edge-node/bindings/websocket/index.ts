export { acceptWebSocket, asksForWebSocket, checkHandshake } from './accept-web-socket.ts'
export { type OpenSocket, OpenSockets, type OpenStream } from './open-sockets.ts'
export { type ConnectSocket, openWebSocket, rawPairs } from './open-web-socket.ts'
export { type WireEvents, WireSocket } from './wire-socket.ts'
