import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'

export interface RunningServer {
  readonly url: string
  /** Stops listening and breaks every connection. */
  close(): Promise<void>
}

/** Serves an app. Rejects with the system's error (`EADDRINUSE`) where the port is taken; port 0 takes a free one. */
export async function listen(
  app: { readonly fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response> },
  host: string,
  port: number,
): Promise<RunningServer> {
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings as HttpBindings), { overrideGlobalObjects: false })
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => void listener(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port: actualPort } = server.address() as AddressInfo
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
    server.closeAllConnections()
  })
}
