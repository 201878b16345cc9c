import type { Server } from 'node:http'

/** An admin port answers while everything else is overloaded: so its connections are few, and end soon. */
const connectionsMax = 128
const askedMsMax = 10_000
const quietMsMax = 30_000

/** For `createServer`. */
export const adminTimeouts = { headersTimeout: askedMsMax, requestTimeout: askedMsMax, connectionsCheckingInterval: askedMsMax / 5 } as const

/** Bounds what clients can hold of a server that few ask. */
export function boundAdminServer(server: Server): Server {
  server.maxConnections = connectionsMax
  server.setTimeout(quietMsMax)
  return server
}
