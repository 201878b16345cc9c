import type { IncomingMessage, ServerResponse } from 'node:http'
import { SkerryError } from '../../errors/index.ts'
import type { FunctionRequest, Runtime } from '../../runtime/supervisor/index.ts'
import { checkHandshake, type OpenSockets } from '../bindings/websocket/index.ts'
import type { PlacedRequest, Placement } from '../placement/index.ts'
import { clientNetwork, type Protection } from '../protection/index.ts'
import type { AccountGate, QuotaReason, QuotaTable } from '../quotas/index.ts'
import { affinitySetCookie, readAffinityCookie } from './affinity.ts'
import type { IsTrustedProxy } from './client-address.ts'
import { internalClient, type LocateClient, publicClient } from './client-details.ts'
import { isBearer } from './credentials.ts'
import type { DiscoveryAnswer } from '../discovery/index.ts'
import { Exchange, type ExchangeEvent, linger } from './exchange.ts'
import { type ForwardedRequest, readCalls, readElapsed, readForwarded } from './forwarded.ts'
import type { Forwarder, ForwardReason } from './forwarder.ts'
import { type HeaderRules, toForwardedHeaders, toFunctionHeaders } from './function-headers.ts'
import { isUlid } from './identifiers.ts'
import type { IngressEvents } from './ingress-events.ts'
import { type ClientDetails, internalHeaders } from './internal-headers.ts'
import { answerProblem, notBegunOf } from './problem-answer.ts'
import { bodyTooLarge, wholeBodyBytesMax } from './request-body.ts'
import { type InboundHead, readRequestHead } from './request-head.ts'
import { RequestOrigin } from './request-origin.ts'
import { isCookieAtOrAbove } from './response-head.ts'
import type { RouteTable } from './route-table.ts'
import { noNodeIn, type RoutedVersion } from './runnable-version.ts'
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
  /** Where functions run that may be run near their back ends; here unless set. */
  readonly placement?: Placement | undefined
  /** Those that functions serve. */
  readonly sockets: OpenSockets
  readonly protection: Protection
  /** Whether the node asks its clients to go elsewhere: then it takes no load of other nodes. */
  readonly isPressed?: () => boolean
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

/** What is read of one, and told of it by whoever sent it. */
interface Inbound {
  readonly head: InboundHead
  readonly client: ClientDetails
  readonly hops: number
  readonly forwarded: ForwardedRequest | undefined
}

/** Takes HTTP requests and hands each to the function that answers it, here or on another node. */
export class Ingress {
  readonly #options: IngressOptions

  constructor(options: IngressOptions) {
    this.#options = options
  }

  /** Serves one request. `expectsContinue` where the client waits for 100 before it sends the body. */
  handle(request: IncomingMessage, response: ServerResponse, listener: ListenerKind, expectsContinue: boolean): void {
    if (listener === 'public' && this.#options.discovery?.(request, response) === true) {
      linger(request)
      return
    }
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
    const options = this.#options
    const { isInternal } = arrival
    const inbound = this.#read(arrival)
    const { head, client, forwarded } = inbound
    if (!isInternal && options.forwarder !== undefined) options.protection.forwards.deposit(arrival.startedMs)
    const table = options.table()
    const destination = table.find(head.hostName, head.path)
    let version = destination?.first
    let affinityCookie: string | undefined
    if (destination?.isSplit === true) {
      const known = head.affinity ?? readAffinityCookie(head.cookie)
      const key = known ?? arrival.requestId
      version = destination.choose(key)
      if (known === undefined) affinityCookie = affinitySetCookie(key, client.protocol)
    }
    if (version !== undefined) arrival.version = version
    if (options.isDraining()) {
      const refusal = new SkerryError('overloaded', 'This node is draining.')
      // The gateway has other nodes at hand; only a client of this very node is helped by forwarding.
      if (isInternal) this.#refuse(arrival, refusal, true)
      else this.#sendOn(arrival, inbound, 'draining', version?.regions ?? ['*'], () => this.#refuse(arrival, refusal, true))
      return
    }
    if (destination === undefined || version === undefined) {
      const unknown = new SkerryError('function_not_found', `No function answers at ${printable(head.hostName + head.path)}.`)
      // Whoever sent it on knows the function, so that it is this node that has yet to hear of it.
      if (isInternal) this.#refuse(arrival, unknown, forwarded !== undefined || !options.isSynchronised())
      else if (options.isSynchronised() || !this.#mayAskForUnknown(arrival, table)) this.#refuse(arrival, unknown, false)
      else this.#sendOn(arrival, inbound, 'unsynchronised', ['*'], () => this.#refuse(arrival, unknown, true))
      return
    }
    if (!version.allowedHere) {
      const { regions } = version
      this.#sendOn(arrival, inbound, 'region', regions, () => this.#refuse(arrival, noNodeIn(regions), true))
      return
    }
    if (head.contentLength !== undefined && head.contentLength > version.requestBodyBytesMax) {
      throw bodyTooLarge(version.requestBodyBytesMax, head.contentLength)
    }
    const { isPreview } = destination
    if (!version.isPlaced || forwarded !== undefined || options.placement === undefined || arrival.response instanceof UpgradeResponse) {
      this.#answerHere(arrival, inbound, version, isPreview, affinityCookie, table, undefined)
      return
    }
    const placed = this.#place(arrival, inbound, version, options.placement)
    const answerHere = (read: Inbound): void => this.#answerHere(arrival, read, version, isPreview, affinityCookie, table, placed)
    if (placed.node === undefined) answerHere(inbound)
    else this.#sendOn(arrival, inbound, 'placement', version.regions, () => this.#comeBack(arrival, version, answerHere), placed)
  }

  /**
   * While a node does not hear of what is new, others may know a function. They are asked within a budget: names can be made up without end, and
   * when the control plane is gone all nodes would ask three others for each. A node that knows nothing yet can do nothing else.
   */
  #mayAskForUnknown({ startedMs }: Arrival, table: RouteTable): boolean {
    return table.functionCount === 0 || this.#options.protection.forwards.withdraw(startedMs)
  }

  /** Decides where a request is run of a function that may be run near its back end. */
  #place({ request, response, startedMs }: Arrival, { head, client }: Inbound, version: RoutedVersion, placement: Placement): PlacedRequest {
    const isComparable = (request.method === 'GET' || request.method === 'HEAD') && !hasBody(head)
    const placed = placement.place(version.runnable, { isComparable, clientKey: clientNetwork(client.address), regions: version.regions }, startedMs)
    response.once('close', () => placed.over())
    return placed
  }

  /** The node where it should have been run did not take it: it is run here, if its body is still to be had. */
  #comeBack(arrival: Arrival, { runnable: { account } }: RoutedVersion, answerHere: (read: Inbound) => void): void {
    try {
      // Time has passed, in which the account may have been held to other regions.
      if (this.#options.table().isHeldElsewhere(account)) throw new SkerryError('no_healthy_node', 'The function may not run here any more.')
      if (arrival.request.readableDidRead) throw new SkerryError('no_healthy_node', 'The node that ran the function is gone, and the body of the request with it.')
      answerHere(this.#read(arrival))
    } catch (error) {
      this.#refuse(arrival, error instanceof SkerryError ? error : new SkerryError('internal_error', 'The node failed on this request.', { cause: error }), true)
    }
  }

  #answerHere(
    arrival: Arrival, inbound: Inbound, version: RoutedVersion, isPreview: boolean, affinityCookie: string | undefined, table: RouteTable,
    placed: PlacedRequest | undefined,
  ): void {
    const options = this.#options
    const { request, isInternal } = arrival
    const { head, forwarded } = inbound
    const { account, functionName, key } = version.runnable
    const isRelief = forwarded?.why === 'load'
    if ((isRelief && options.isPressed?.() === true) || options.protection.refuses(account, functionName, options.runtime.queueOf(key)) !== undefined) {
      const refuse = (): void => this.#refuse(arrival, new SkerryError('overloaded', 'The node is busy, and this function has its share.'), true)
      // The gateway has other nodes at hand.
      if (isInternal) refuse()
      else this.#relieve(arrival, inbound, version, () => options.protection.refusals.refuse(request.socket, arrival.startedMs, refuse))
      return
    }
    const origin = new RequestOrigin(table, arrival.startedMs, arrival.requestId, head, isInternal ? readCalls(head) : undefined)
    origin.waits = placed?.waits
    this.#run(arrival, version, isPreview, inbound, affinityCookie, origin, table, placed)
  }

  /** Reads the head; once more where it was used up. */
  #read(arrival: Arrival): Inbound {
    const { request, isInternal } = arrival
    const head = readRequestHead(request)
    if (isInternal) this.#admit(arrival, head)
    else this.#renameHost(head)
    return {
      head,
      client: isInternal ? internalClient(request, head) : publicClient(request, head, this.#options),
      hops: isInternal ? Number(head.internal?.get(internalHeaders.hops) ?? 0) || 0 : 0,
      forwarded: isInternal ? readForwarded(head) : undefined,
    }
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
    arrival: Arrival, version: RoutedVersion, isPreview: boolean, { head, client, hops, forwarded }: Inbound,
    affinityCookie: string | undefined, origin: RequestOrigin, table: RouteTable, placed: PlacedRequest | undefined,
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
      this.#refuseExcess(arrival, version, gate, excess)
      return
    }
    const isWithBody = hasBody(head)
    const exchange = new Exchange(request, response, {
      requestId, startedMs, node, region, domain, nodeHost: this.#options.nodeHost?.(), version, affinityCookie, tellsNotBegun: isInternal, isDraining, sockets, protection, gate,
      report: (event) => {
        if (event.kind === 'head') placed?.answered(event.head.status)
        this.#report(version, requestId, isPreview, event)
      },
      placement: version.isPlaced ? (forwarded === undefined ? 'local' : 'remote') : undefined,
      goElsewhere: isInternal || isWithBody ? undefined : (error) => this.#goElsewhere(arrival, version, error),
      regions: version.regions.includes('*') ? undefined : table.regionsAt(head.hostName), forwarded,
    })
    const start = (body: FunctionRequest['body']): void => exchange.start(runtime, {
      method: request.method ?? 'GET',
      url: `${client.protocol}://${head.host}${head.target}`,
      headers: toFunctionHeaders(head, client, this.#headerRules(isInternal)),
      metadata: {
        id: requestId, node, region, hops, country: client.country, latitude: client.latitude, longitude: client.longitude,
      },
      body,
      origin,
      ...(isInternal ? { elapsedMs: readElapsed(head) } : {}),
    })
    if (!isWithBody || isUpgrade) {
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

  /** Has another node answer what this one can not; `refuse` answers where none does. What was sent on to this node it answers itself. */
  #sendOn(arrival: Arrival, inbound: Inbound, reason: ForwardReason, regions: readonly string[], refuse: () => void, placed?: PlacedRequest): void {
    const { forwarder } = this.#options
    const nodeHost = this.#options.nodeHost?.()
    if (inbound.forwarded !== undefined || forwarder === undefined) {
      refuse()
      return
    }
    const { request, response, requestId, startedMs } = arrival
    const { head, client, hops } = inbound
    const clientAuthorization = head.authorization
    const headers = toForwardedHeaders(head, this.#headerRules(arrival.isInternal))
    forwarder
      .forward(request, response, {
        // What passed before it came here counts too.
        reason, requestId, startedMs: arrival.isInternal ? startedMs - readElapsed(head) : startedMs, hops, client, host: head.host, target: head.target, headers, clientAuthorization,
        contentLength: head.contentLength, hasBody: hasBody(head), regions, accept: arrival.accept ?? (() => undefined),
        keepsCookie: nodeHost === undefined ? undefined : (setCookie) => !isCookieAtOrAbove(setCookie, nodeHost),
        ...(placed?.node === undefined ? {} : { only: placed.node, onHead: (node: string, status: number) => placed.answered(status, node), onBusy: () => placed.refused() }),
      })
      .then(
        (wasAnswered) => {
          if (wasAnswered) {
            // Without a head of the node's, this is what was answered in its place.
            if (response.statusCode === 502) placed?.failed()
            this.#options.events.onOver('forwarded', performance.now() - arrival.startedMs)
          } else {
            placed?.failed()
            refuse()
          }
        },
        (cause: unknown) => this.#refuse(arrival, new SkerryError('internal_error', 'Forwarding failed.', { cause }), false),
      )
  }

  /** As `#sendOn`, for what others may have room for: within a budget, so that the overload of one node is not passed to all. */
  #relieve(arrival: Arrival, inbound: Inbound, version: RoutedVersion, refuse: () => void): void {
    const { forwarder, protection } = this.#options
    if (forwarder !== undefined && protection.forwards.withdraw(performance.now())) this.#sendOn(arrival, inbound, 'load', version.regions, refuse)
    else refuse()
  }

  /** A request without a body that the runtime has refused: of a client of this very node, which knows no other. */
  #goElsewhere(arrival: Arrival, version: RoutedVersion, error: SkerryError): boolean {
    const { forwarder, protection, events } = this.#options
    const isLoad = error.code !== 'no_healthy_node'
    if (forwarder === undefined || (isLoad && !protection.forwards.withdraw(performance.now()))) return false
    events.onStart()
    this.#sendOn(arrival, this.#read(arrival), isLoad ? 'load' : 'unsynchronised', version.regions, () => this.#refuse(arrival, error, true))
    return true
  }

  #headerRules(isInternal: boolean): HeaderRules {
    const { allowLocationHeader, newTraceparent } = this.#options
    return { passesLocation: isInternal || allowLocationHeader, newTraceparent }
  }

  /** The account has its fill. Where other nodes have room for it, the gateway may go on to them, and this node for its own clients. */
  #refuseExcess(arrival: Arrival, version: RoutedVersion, gate: AccountGate, excess: QuotaReason): void {
    const { quotas, protection } = this.#options
    if (quotas === undefined) return
    const mayGoElsewhere = gate.mayGoElsewhere(excess, arrival.startedMs)
    const refuse = (): void => this.#refuse(arrival, quotas.refusal(gate, excess), arrival.isInternal && mayGoElsewhere)
    if (arrival.isInternal) {
      refuse()
      return
    }
    const refuseInTime = (): void => protection.refusals.refuse(arrival.request.socket, arrival.startedMs, refuse)
    if (mayGoElsewhere) this.#relieve(arrival, this.#read(arrival), version, refuseInTime)
    else refuseInTime()
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

function hasBody({ isChunked, contentLength }: InboundHead): boolean {
  return isChunked || (contentLength ?? 0) > 0
}

function readWhole(request: IncomingMessage): Uint8Array | undefined {
  const body: unknown = request.read()
  return body instanceof Uint8Array ? body : undefined
}

/** A host and path from outside, cut and without control characters, for a message. */
function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/\p{Cc}/gu, '?')
}
