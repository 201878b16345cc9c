import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { answerMalformed, malformedResponse } from './malformed.ts'
import { type Certificates, tlsSettings } from '../tls/index.ts'

export interface RunningServer {
  readonly url: string
  /** Stops listening and breaks every connection. */
  close(): Promise<void>
}

/** How long clients may hold a connection without use of it. */
export interface ServerBounds {
  readonly headersTimeoutMs: number
  /** For a whole request, body included: an artifact of 10 MB comes in time at 90 KB/s. */
  readonly requestTimeoutMs: number
  readonly checkIntervalMs: number
  /** Feeds and tails among them; see their own bounds. */
  readonly connectionsMax: number
}

const defaultBounds: ServerBounds = { headersTimeoutMs: 10_000, requestTimeoutMs: 120_000, checkIntervalMs: 2_000, connectionsMax: 4_096 }

/** Serves an app, by HTTPS where there is a certificate. Rejects with the system's error (`EADDRINUSE`) where the port is taken; port 0 takes a free one. */
export async function listen(
  app: { readonly fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response> },
  host: string,
  port: number,
  bounds: ServerBounds = defaultBounds,
  tls?: Certificates,
): Promise<RunningServer> {
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings as HttpBindings), {
    overrideGlobalObjects: false, errorHandler: malformedResponse,
  })
  const { headersTimeoutMs: headersTimeout, requestTimeoutMs: requestTimeout, checkIntervalMs: connectionsCheckingInterval } = bounds
  const server = create(
    { keepAliveTimeout: 65_000, headersTimeout, requestTimeout, connectionsCheckingInterval, requireHostHeader: false },
    (request, response) => void listener(request, response), tls,
  )
  answerMalformed(server)
  server.maxConnections = bounds.connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port: actualPort } = server.address() as AddressInfo
  return { url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${actualPort}`, close: () => close(server) }
}

function create(options: ServerOptions, listener: RequestListener, tls: Certificates | undefined): Server {
  if (tls === undefined) return createServer(options, listener)
  const settings = () => ({ ...tlsSettings, cert: tls.current.fallback?.cert, key: tls.current.fallback?.key })
  const server = createTlsServer({ ...options, ...settings() }, listener)
  // Connections that stand are not touched.
  tls.onChange(() => server.setSecureContext(settings()))
  server.on('close', () => tls.close())
  return server
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
    server.closeAllConnections()
  })
}
