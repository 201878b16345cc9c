import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SkerryError } from '../../errors/index.ts'
import { fixedLimits } from '../../runtime/bridge/index.ts'
import type { Certificates } from '../../tls/index.ts'
import { asksForWebSocket } from '../bindings/websocket/index.ts'
import type { ConnectionGate } from '../protection/index.ts'
import type { NotBegun } from './internal-headers.ts'
import { answerProblem, type ProblemContext, problemText } from './problem-answer.ts'
import { Pipelines } from './pipelines.ts'
import { framingProblem, unknownExpectation } from './request-framing.ts'
import { ProxyProtocol } from './proxy-protocol/index.ts'
import { createSecureServer } from './secure-server.ts'
import { UpgradeResponse } from './upgrade-response.ts'

export interface IngressServerOptions {
  /** A request for a WebSocket comes with an `UpgradeResponse`. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => void
  /** Plain HTTP unless set. */
  readonly tls?: Certificates | undefined
  /** Whether HTTP/2 is offered, where there is TLS. */
  readonly http2?: boolean
  /** Bounds the connections. */
  readonly gate: ConnectionGate
  /** Addresses and CIDR ranges of proxies that send the header of the PROXY protocol first. */
  readonly proxyProtocol?: readonly string[] | undefined
  /** Context of answers to requests that could not be parsed. */
  readonly problemContext: () => ProblemContext
  /** Whether those are told that nothing was begun whose heads did not come in time (internal listener). */
  readonly tellsNotBegun?: boolean
}

export interface IngressServer extends Server {
  /** Answers that clients have yet to take, though whoever gave them is done; over HTTP/2 all that are under way. */
  readonly unsentAnswers: () => number
}

const headersTimeoutMs = 10_000
const keepAliveTimeoutMs = 65_000
const checkIntervalMs = 2_000
/** Of a process that stood still it tells nothing of who sent it: the head may be there, and has not been read. */
const lateHead = 'ERR_HTTP_REQUEST_TIMEOUT'
/** Requests of one connection at a time. Node begins each as it is read, however many stand before it. */
const pipelinedMax = 64

/**
 * An HTTP server with the limits of the edge: heads of at most 32 KB and 10 s, bodies as long as they move, malformed
 * requests answered by problem documents, nothing silently dropped from a head. Throws `config_invalid` for a bad list of proxies.
 */
export function createIngressServer(options: IngressServerOptions): IngressServer {
  const proxyProtocol = new ProxyProtocol(options.proxyProtocol ?? [])
  const notUpgraded = new WeakSet<IncomingMessage>()
  const settings = {
    maxHeaderSize: fixedLimits.requestHeaderBytes,
    headersTimeout: headersTimeoutMs,
    // A body may take as long as it likes as long as it moves: see RequestBodyPump.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: checkIntervalMs,
    // A missing Host gets a problem document from the ingress.
    requireHostHeader: false,
    // Whoever asks for another protocol gets his answer in this one.
    shouldUpgradeCallback: (request: IncomingMessage) => {
      const isWebSocket = asksForWebSocket(request)
      if (!isWebSocket) notUpgraded.add(request)
      return isWebSocket
    },
    noDelay: true,
  }
  const secure = options.tls === undefined ? undefined : createSecureServer({
    settings, certificates: options.tls, proxyProtocol,
    http2: options.http2 !== true ? undefined : {
      firstRequestMs: headersTimeoutMs, idleMs: keepAliveTimeoutMs,
      handle: options.handle,
      refuse: (response, error) => answerProblem(response, error, options.problemContext()),
    },
  })
  const server = secure?.server ?? createServer(settings)
  server.maxHeadersCount = 0
  const pipelines = new Pipelines()
  const refuse = (request: IncomingMessage, response: ServerResponse, error: SkerryError): void => {
    pipelines.end(request.socket)
    answerProblem(response, error, { ...options.problemContext(), close: true })
  }
  const begin = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean, error?: SkerryError): void => {
    // Behind what was refused nobody knows where a request begins.
    if (pipelines.hasEnded(request.socket)) return
    const before = pipelines.add(request.socket, response) - 1
    const problem = error ?? framingProblem(request) ?? (before < pipelinedMax ? undefined : tooManyPipelined())
    if (problem !== undefined) {
      refuse(request, response, problem)
      return
    }
    if (notUpgraded.has(request)) {
      // Node loses what came behind it in the same packet: what comes next may be the middle of a request.
      pipelines.end(request.socket)
      response.shouldKeepAlive = false
    }
    // Without it Node would close the connection, and a request that has begun behind this one would have no answer.
    const isBodyAwaited = expectsContinue && (request.headers['content-length'] ?? request.headers['transfer-encoding']) !== undefined
    if (expectsContinue && !isBodyAwaited) response.writeContinue()
    options.handle(request, response, isBodyAwaited)
  }
  /** Says what is wrong behind the answers that are due before. */
  const endInOrder = (socket: Duplex, error: SkerryError, notBegun?: NotBegun): void => {
    // The parser says so again with all that still comes.
    if (!pipelines.end(socket)) return
    const unanswered = [...pipelines.unanswered(socket)]
    // It may be the body of the last request that is wrong.
    const broken = unanswered.at(-1)?.req.complete === false ? unanswered.pop() : undefined
    const refuseLast = (): void => {
      if (broken?.headersSent === true) socket.destroy()
      else if (socket.writable) endWith(socket, problemText(error, { ...options.problemContext(), notBegun }))
    }
    const last = unanswered.at(-1)
    if (last === undefined) refuseLast()
    else last.once('finish', refuseLast)
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => begin(request, response, false))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => begin(request, response, true))
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => begin(request, response, false, unknownExpectation()))
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    // Behind a request that is still being answered there can be no other protocol. Where a body is to come, Node gives another stream.
    if (!(connection instanceof Socket) || pipelines.hasEnded(connection) || pipelines.unanswered(connection).length > 0) connection.destroy()
    else options.handle(request, new UpgradeResponse(request, connection, head), false)
  })
  closeUpgradedToo(server)
  keepUnsent(server, pipelines)
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    endInOrder(socket, new SkerryError('bad_request', 'CONNECT is not offered.'))
  })
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    // Nobody hears an answer on a connection that broke, or whose TLS did not come about.
    if (socket.writable && /^(?:HPE|ERR_HTTP)_/.test(error.code ?? '')) endInOrder(socket, toRefusal(error.code), options.tellsNotBegun === true && error.code === lateHead ? '1' : undefined)
    else socket.destroy()
  })
  options.gate.guard(server, proxyProtocol.receive)
  return Object.assign(server, { unsentAnswers: () => pipelines.unsent.length + (secure?.openStreams() ?? 0) })
}

/** `end` waits for the peer to close as well; a peer that does not is cut off, and with it what was being served. */
function endWith(socket: Duplex, text: string): void {
  socket.end(text)
  const timer = setTimeout(() => socket.destroy(), checkIntervalMs)
  socket.once('close', () => clearTimeout(timer))
}

/** Node takes a connection for idle once its answer has ended, however much of that the client has yet to take: this keeps it. */
function keepUnsent(server: Server, pipelines: Pipelines): void {
  const closeIdleConnections = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    const { unsent } = pipelines
    for (const connection of unsent) connection.destroy = () => connection
    closeIdleConnections()
    for (const connection of unsent) Reflect.deleteProperty(connection, 'destroy')
  }
}

/** The server forgets connections that left HTTP, and would wait for them when it closes. */
function closeUpgradedToo(server: Server): void {
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (_request: IncomingMessage, connection: Duplex) => {
    upgraded.add(connection)
    connection.once('close', () => upgraded.delete(connection))
  })
  const closeAllConnections = server.closeAllConnections.bind(server)
  server.closeAllConnections = () => {
    closeAllConnections()
    for (const connection of upgraded) connection.destroy()
  }
}

function tooManyPipelined(): SkerryError {
  return new SkerryError('overloaded', `The connection has ${pipelinedMax} requests before this one that are not answered.`)
}

function toRefusal(code: string | undefined): SkerryError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const limit = fixedLimits.requestHeaderBytes
    return new SkerryError('request_too_large', `The request's head is larger than ${limit} bytes.`, { limit })
  }
  if (code === lateHead) {
    return new SkerryError('bad_request', `The request's head took longer than ${headersTimeoutMs} ms.`, { limit: headersTimeoutMs })
  }
  return new SkerryError('bad_request', 'The request is not valid HTTP/1.1.')
}
