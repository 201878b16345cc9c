import type { IncomingMessage, ServerResponse } from 'node:http'
import { SkerryError } from '../../errors/index.ts'
import type { FunctionRequest, Runtime } from '../../runtime/supervisor/index.ts'
import { checkHandshake, type OpenSockets } from '../bindings/websocket/index.ts'
import type { Protection } from '../protection/index.ts'
import type { AccountGate, QuotaReason, QuotaTable } from '../quotas/index.ts'
import { affinitySetCookie, readAffinityCookie } from './affinity.ts'
import type { IsTrustedProxy } from './client-address.ts'
import { internalClient, type LocateClient, publicClient } from './client-details.ts'
import { isBearer } from './credentials.ts'
import type { DiscoveryAnswer } from '../discovery/index.ts'
import { Exchange, type ExchangeEvent, linger } from './exchange.ts'
import type { Forwarder, ForwardReason } from './forwarder.ts'
import { type HeaderRules, toForwardedHeaders, toFunctionHeaders } from './function-headers.ts'
import { isUlid } from './identifiers.ts'
import type { IngressEvents } from './ingress-events.ts'
import { type ClientDetails, internalHeaders } from './internal-headers.ts'
import { answerProblem, notBegunOf } from './problem-answer.ts'
import { bodyTooLarge, wholeBodyBytesMax } from './request-body.ts'
import { type InboundHead, readRequestHead } from './request-head.ts'
import { RequestOrigin } from './request-origin.ts'
import type { RouteTable } from './route-table.ts'
import type { RoutedVersion } from './runnable-version.ts'
import { UpgradeResponse } from './upgrade-response.ts'

export type { LocateClient } from './client-details.ts'

export interface IngressOptions {
  readonly node: string
  readonly region: string
  readonly domain: string
  readonly runtime: Runtime
  /** The table of this moment. */
  readonly table: () => RouteTable
  /** False until the node has a state: then an unknown host may well be known elsewhere. */
  readonly isSynchronised: () => boolean
  readonly isDraining: () => boolean
  /** Token of the internal listener; nobody is let in while it is not known. */
  readonly internalTokens: () => readonly string[]
  readonly allowLocationHeader: boolean
  readonly isTrustedProxy: IsTrustedProxy
  readonly locate?: LocateClient
  /** Tells clients of the nodes, where they may know. */
  readonly discovery?: DiscoveryAnswer | undefined
  /** Below it functions answer on this very node by names of their own; see `nodeHostOf`. */
  readonly nodeHost?: () => string | undefined
  readonly forwarder?: Forwarder
  /** Those that functions serve. */
  readonly sockets: OpenSockets
  readonly protection: Protection
  /** What accounts may take; none where nothing is held. */
  readonly quotas?: QuotaTable | undefined
  readonly newRequestId: () => string
  readonly newTraceparent: () => string
  readonly events: IngressEvents
}

export type ListenerKind = 'public' | 'internal'

/** One request while it is decided who answers it. */
interface Arrival {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly startedMs: number
  readonly isInternal: boolean
  /** Answers `Expect: 100-continue`. */
  readonly accept: (() => void) | undefined
  requestId: string
  version?: RoutedVersion
}

/** Takes HTTP requests and hands each to the function that answers it, here or on another node. */
export class Ingress {
  readonly #options: IngressOptions

  constructor(options: IngressOptions) {
    this.#options = options
  }

  /** Serves one request. `expectsContinue` where the client waits for 100 before it sends the body. */
  handle(request: IncomingMessage, response: ServerResponse, listener: ListenerKind, expectsContinue: boolean): void {
    if (listener === 'public' && this.#options.discovery?.(request, response) === true) return
    this.#options.events.onStart()
    const arrival: Arrival = {
      request, response, startedMs: performance.now(), isInternal: listener === 'internal',
      accept: expectsContinue ? () => response.writeContinue() : undefined,
      requestId: this.#options.newRequestId(),
    }
    try {
      this.#route(arrival)
    } catch (error) {
      const known = error instanceof SkerryError ? error : new SkerryError('internal_error', 'The node failed on this request.', { cause: error })
      if (response.headersSent) response.destroy()
      this.#refuse(arrival, known, false)
    }
  }

  #route(arrival: Arrival): void {
    const { options, request } = { options: this.#options, request: arrival.request }
    const head = readRequestHead(request)
    if (arrival.isInternal) this.#admit(arrival, head)
    else this.#renameHost(head)
    const client = arrival.isInternal ? internalClient(request, head) : publicClient(request, head, options)
    const hops = arrival.isInternal ? Number(head.internal?.get(internalHeaders.hops) ?? 0) || 0 : 0
    const wasForwarded = arrival.isInternal && head.internal?.has(internalHeaders.forwarded) === true
    const forward = (reason: ForwardReason, regions: readonly string[], otherwise: SkerryError): void => {
      if (wasForwarded || options.forwarder === undefined) this.#refuse(arrival, otherwise, true)
      else this.#forward(arrival, head, client, hops, reason, regions, otherwise, options.forwarder)
    }

    if (options.isDraining()) {
      const refusal = new SkerryError('overloaded', 'This node is draining.')
      // The gateway has other nodes at hand; only a client of this very node is helped by forwarding.
      if (arrival.isInternal) this.#refuse(arrival, refusal, true)
      else forward('draining', ['*'], refusal)
      return
    }
    const table = options.table()
    const destination = table.find(head.hostName, head.path)
    if (destination === undefined) {
      const unknown = new SkerryError('function_not_found', `No function answers at ${printable(head.hostName + head.path)}.`)
      if (options.isSynchronised()) this.#refuse(arrival, unknown, false)
      else if (arrival.isInternal) this.#refuse(arrival, unknown, true)
      else forward('unsynchronised', ['*'], unknown)
      return
    }
    let version = destination.first
    let affinityCookie: string | undefined
    if (destination.isSplit) {
      const known = head.affinity ?? readAffinityCookie(head.cookie)
      const key = known ?? arrival.requestId
      version = destination.choose(key)
      if (known === undefined) affinityCookie = affinitySetCookie(key, client.protocol)
    }
    arrival.version = version
    if (!version.allowedHere) {
      forward('region', version.regions, new SkerryError('no_healthy_node', `No node in ${version.regions.join(', ')} can answer.`))
      return
    }
    if (head.contentLength !== undefined && head.contentLength > version.requestBodyBytesMax) {
      throw bodyTooLarge(version.requestBodyBytesMax, head.contentLength)
    }
    const { account, functionName, key } = version.runnable
    if (options.protection.refuses(account, functionName, options.runtime.queueOf(key)) !== undefined) {
      const refuse = (): void => this.#refuse(arrival, new SkerryError('overloaded', 'The node is busy, and this function has its share.'), true)
      // The gateway has other nodes at hand.
      if (arrival.isInternal) refuse()
      else options.protection.refusals.refuse(request.socket, arrival.startedMs, refuse)
      return
    }
    const origin = new RequestOrigin(table, arrival.startedMs, arrival.requestId, head)
    this.#run(arrival, version, destination.isPreview, head, client, hops, affinityCookie, origin)
  }

  /** A function that was called by its name on this node has the host of everywhere from here on. */
  #renameHost(head: InboundHead): void {
    const nodeHost = this.#options.nodeHost?.()
    if (nodeHost === undefined || !head.hostName.endsWith(`.${nodeHost}`)) return
    const prefix = head.hostName.slice(0, -nodeHost.length)
    const port = /:\d*$/.exec(head.host)?.[0] ?? ''
    head.hostName = prefix + this.#options.domain
    head.host = head.hostName + port
  }

  /** Lets only those in who have the internal token, and puts the client's own `authorization` back. */
  #admit(arrival: Arrival, head: InboundHead): void {
    if (!isBearer(head.authorization, this.#options.internalTokens())) {
      throw new SkerryError('unauthorized', 'The internal port wants the internal token of the cluster.')
    }
    head.authorization = head.internal?.get(internalHeaders.clientAuthorization)
    const requestId = head.internal?.get(internalHeaders.requestId)
    if (requestId !== undefined && isUlid(requestId)) arrival.requestId = requestId
  }

  #run(
    arrival: Arrival, version: RoutedVersion, isPreview: boolean, head: InboundHead, client: ClientDetails, hops: number,
    affinityCookie: string | undefined, origin: RequestOrigin,
  ): void {
    const { node, region, domain, runtime, isDraining, sockets, protection, quotas } = this.#options
    const { request, response, requestId, startedMs, isInternal } = arrival
    const isUpgrade = response instanceof UpgradeResponse
    if (isUpgrade) {
      checkHandshake(request)
      head.headers.push('connection', 'Upgrade', 'upgrade', 'websocket')
    }
    const gate = quotas?.gateOf(version.runnable.account)
    const excess = gate?.admit(version.runnable.functionName, startedMs)
    if (gate !== undefined && excess !== undefined) {
      this.#refuseExcess(arrival, gate, excess)
      return
    }
    const exchange = new Exchange(request, response, {
      requestId, startedMs, node, region, domain, nodeHost: this.#options.nodeHost?.(), version, affinityCookie, tellsNotBegun: isInternal, isDraining, sockets, protection, gate,
      report: (event) => this.#report(version, requestId, isPreview, event),
    })
    const hasBody = head.isChunked || (head.contentLength ?? 0) > 0
    const start = (body: FunctionRequest['body']): void => exchange.start(runtime, {
      method: request.method ?? 'GET',
      url: `${client.protocol}://${head.host}${head.target}`,
      headers: toFunctionHeaders(head, client, this.#headerRules(isInternal)),
      metadata: {
        id: requestId, node, region, hops, country: client.country, latitude: client.latitude, longitude: client.longitude,
      },
      body,
      origin,
    })
    if (!hasBody || isUpgrade) {
      start(isUpgrade ? 'socket' : undefined)
    } else if (arrival.accept !== undefined) {
      arrival.accept()
      start('stream')
    } else {
      // What came in the same packet as the head is there after this turn of the parser: then the body goes over whole.
      process.nextTick(() => {
        const bytes = request.readableLength
        const isWhole = (request.complete || bytes === head.contentLength) && bytes <= wholeBodyBytesMax
        start(isWhole && bytes <= version.requestBodyBytesMax ? readWhole(request) : 'stream')
      })
    }
  }

  #forward(
    arrival: Arrival, head: InboundHead, client: ClientDetails, hops: number, reason: ForwardReason, regions: readonly string[],
    otherwise: SkerryError, forwarder: Forwarder,
  ): void {
    const { request, response, requestId } = arrival
    const clientAuthorization = head.authorization
    const headers = toForwardedHeaders(head, this.#headerRules(arrival.isInternal))
    const hasBody = head.isChunked || (head.contentLength ?? 0) > 0
    forwarder
      .forward(request, response, {
        reason, requestId, hops, client, host: head.host, target: head.target, headers, clientAuthorization,
        contentLength: head.contentLength, hasBody, regions, accept: arrival.accept ?? (() => undefined),
      })
      .then(
        (wasAnswered) => {
          if (wasAnswered) this.#options.events.onOver('forwarded', performance.now() - arrival.startedMs)
          else this.#refuse(arrival, otherwise, true)
        },
        (cause: unknown) => this.#refuse(arrival, new SkerryError('internal_error', 'Forwarding failed.', { cause }), false),
      )
  }

  #headerRules(isInternal: boolean): HeaderRules {
    const { allowLocationHeader, newTraceparent } = this.#options
    return { passesLocation: isInternal || allowLocationHeader, newTraceparent }
  }

  /** The account has its fill. Where other nodes have room for it, the gateway may go on to them. */
  #refuseExcess(arrival: Arrival, gate: AccountGate, excess: QuotaReason): void {
    const { quotas, protection } = this.#options
    if (quotas === undefined) return
    const refuse = (): void => this.#refuse(arrival, quotas.refusal(gate, excess), arrival.isInternal && gate.mayGoElsewhere(excess, arrival.startedMs))
    if (arrival.isInternal) refuse()
    else protection.refusals.refuse(arrival.request.socket, arrival.startedMs, refuse)
  }

  /** Answers with an error before any code of a function ran. */
  #refuse(arrival: Arrival, error: SkerryError, notBegun: boolean): void {
    const { node, region, isDraining, events } = this.#options
    if (!arrival.response.headersSent && !arrival.response.destroyed) {
      answerProblem(arrival.response, error, {
        requestId: arrival.requestId, node, region, version: arrival.version?.runnable.version,
        notBegun: notBegun && arrival.isInternal ? notBegunOf(error, isDraining()) : undefined, close: isDraining(),
      })
    }
    linger(arrival.request)
    events.onOver(error.code, performance.now() - arrival.startedMs)
  }

  #report(version: RoutedVersion, requestId: string, isPreview: boolean, event: ExchangeEvent): void {
    const { events, domain } = this.#options
    switch (event.kind) {
      case 'head':
        events.onHead(event.head, event.totalMs)
        break
      case 'failure':
        events.onFailure(version.runnable, requestId, event.error, event.afterHead)
        break
      case 'cookies_dropped':
        events.onWarning(version.runnable, requestId, `${event.count} Set-Cookie dropped: its Domain is at or above ${domain}, where others' functions would get it.`)
        break
      case 'over':
        events.onServed(version.runnable, { code: event.code, status: event.status, latencyMs: event.headMs ?? event.totalMs, isPreview })
        events.onOver(event.code, event.totalMs)
        break
    }
  }
}

function readWhole(request: IncomingMessage): Uint8Array | undefined {
  const body: unknown = request.read()
  return body instanceof Uint8Array ? body : undefined
}

/** A host and path from outside, cut and without control characters, for a message. */
function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/\p{Cc}/gu, '?')
}
