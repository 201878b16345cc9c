import { randomBytes } from 'node:crypto'
import type { Server, ServerOptions } from 'node:http'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { type Certificates, tlsSettings } from '../../tls/index.ts'
import { type Http2Options, Http2Sessions } from './http2/index.ts'
import type { ProxyProtocol } from './proxy-protocol/index.ts'

export interface SecureServerOptions {
  readonly settings: ServerOptions
  readonly certificates: Certificates
  /** HTTP/1.1 alone is offered without. */
  readonly http2: Http2Options | undefined
  readonly proxyProtocol: ProxyProtocol
}

export interface SecureServer {
  readonly server: Server
  /** Of HTTP/2, over all connections. */
  readonly openStreams: () => number
}

const handshakeMs = 10_000
/** As Node has it: a name, a key to authenticate with and one to encrypt with. */
const ticketKeyBytes = 48

/**
 * An HTTP server by TLS: the client chooses HTTP/2 or HTTP/1.1 by ALPN, and the certificate by the name that it asks for. Where none is for that
 * name and there is no default, the handshake fails. New certificates are for new connections; tickets of earlier ones go on.
 */
export function createSecureServer({ settings, certificates, http2, proxyProtocol }: SecureServerOptions): SecureServer {
  // As long as the server: tickets outlive certificates.
  const ticketKeys = randomBytes(ticketKeyBytes)
  const fallback = () => ({ ...tlsSettings, ticketKeys, cert: certificates.current.fallback?.cert, key: certificates.current.fallback?.key })
  const server = createServer({
    ...settings, ...fallback(), handshakeTimeout: handshakeMs, ALPNProtocols: http2 === undefined ? ['http/1.1'] : ['h2', 'http/1.1'],
    SNICallback: (name, callback) => callback(null, certificates.current.select(name)?.context),
  })
  certificates.onChange(() => server.setSecureContext(fallback()))
  const sessions = http2 === undefined ? undefined : new Http2Sessions(http2)
  const serveHttp1 = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[]
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    proxyProtocol.adopt(socket)
    if (sessions !== undefined && socket.alpnProtocol === 'h2') sessions.serve(socket)
    else for (const listener of serveHttp1) listener.call(server, socket)
  })
  if (sessions !== undefined) closeToo(server, sessions)
  return { server, openStreams: () => sessions?.streams ?? 0 }
}

/** The server knows its connections of HTTP/1.1 alone. */
function closeToo(server: Server, sessions: Http2Sessions): void {
  const closeIdleConnections = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    closeIdleConnections()
    sessions.closeIdle()
  }
  const closeAllConnections = server.closeAllConnections.bind(server)
  server.closeAllConnections = () => {
    closeAllConnections()
    sessions.destroyAll()
  }
}
