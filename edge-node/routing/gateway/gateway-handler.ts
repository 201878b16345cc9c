import type { IncomingMessage, ServerResponse } from 'node:http'
import { SkerryError } from '../../../errors/index.ts'
import {
  answerProblem, createUlidGenerator, type InboundHead, internalHeaderFields, internalHeaders, type IsTrustedProxy, linger, type LocateClient, publicClient,
  readRequestHead,
} from '../../ingress/index.ts'
import type { DiscoveryAnswer } from '../../discovery/index.ts'
import { clientNetwork, type Protection, type RetryBudget } from '../../protection/index.ts'
import { rankNodes } from '../nearest/index.ts'
import type { KnownNode, NodeTable } from '../nodes/index.ts'
import { type HedgeBudget, proxy, type ProxyOutcome, type ProxyRequest, type ProxyTarget, ReplayableBody, type Upstreams } from '../proxy/index.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'
import type { HostPressures } from './host-pressures.ts'
import type { KnownRegions } from './known-regions.ts'

export interface GatewayHandlerOptions {
  readonly nodes: NodeTable
  /** Where hosts are answered. */
  readonly regions: KnownRegions
  /** What is seen of nodes that are too busy for a host. */
  readonly pressures: HostPressures
  readonly upstreams: Upstreams
  readonly metrics: GatewayMetrics
  readonly locate: LocateClient
  readonly isTrustedProxy: IsTrustedProxy
  readonly allowLocationHeader: boolean
  readonly isDraining: () => boolean
  readonly protection: Protection
  readonly retries: RetryBudget
  /** Undefined where nobody is asked twice because he is slow. */
  readonly hedges: HedgeBudget | undefined
  /** Tells clients of the nodes, where they may know. */
  readonly discovery?: DiscoveryAnswer | undefined
}

/** Nodes that one request is offered at most: where the nearest four fail, the trouble is elsewhere and waiting helps nobody. */
const targetsMax = 4

/** Codes of answers that a node with less to do would have given otherwise. */
const busyCodes: ReadonlySet<string> = new Set(['overloaded', 'concurrency_limit_exceeded'])

/** Answers as a gateway on behalf of no node. */
const nodeName = 'gateway'

/** Makes the function that takes a client's request and has the nearest healthy node answer it. */
export function createGatewayHandler(
  options: GatewayHandlerOptions,
): (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => void {
  const { metrics } = options
  const newRequestId = createUlidGenerator()
  return (request, response, expectsContinue) => {
    if (options.discovery?.(request, response) === true) {
      linger(request)
      return
    }
    const startedMs = performance.now()
    const requestId = newRequestId()
    metrics.inFlight += 1
    if (options.isDraining()) response.shouldKeepAlive = false
    const settle = (outcome: ProxyOutcome['kind'] | 'refused', refusal: SkerryError | undefined): void => {
      metrics.inFlight -= 1
      metrics.countOutcome(outcome, (performance.now() - startedMs) / 1_000)
      if (refusal !== undefined && !response.headersSent && !response.destroyed) {
        answerProblem(response, refusal, { requestId, node: nodeName, close: options.isDraining() })
      }
      linger(request)
    }
    try {
      relay(options, request, response, requestId, startedMs, expectsContinue).then(
        (outcome) => settle(outcome.kind, toRefusal(outcome)),
        (cause: unknown) => settle('refused', new SkerryError('internal_error', 'The gateway failed on this request.', { cause })),
      )
    } catch (cause) {
      const refusal = cause instanceof SkerryError ? cause : new SkerryError('internal_error', 'The gateway failed on this request.', { cause })
      if (refusal.code === 'overloaded') options.protection.refusals.refuse(request.socket, startedMs, () => settle('refused', refusal))
      else settle('refused', refusal)
    }
  }
}

function relay(
  options: GatewayHandlerOptions, request: IncomingMessage, response: ServerResponse, requestId: string, startedMs: number, expectsContinue: boolean,
): Promise<ProxyOutcome> {
  const { nodes, upstreams, metrics } = options
  const head = readRequestHead(request)
  const client = publicClient(request, head, options)
  // Who answers is known to nodes alone: here the host stands for the function, and its clients share what it may have.
  const network = clientNetwork(client.address)
  if (options.protection.refuses(head.hostName, network, undefined) !== undefined) {
    throw new SkerryError('overloaded', 'The gateway is busy, and this host has its share.')
  }
  const { latitude, longitude } = client
  const isPlaced = latitude !== undefined && longitude !== undefined
  const pressures = options.pressures.of(head.hostName, startedMs)
  const rank = (limit: number, regions?: readonly string[]): readonly KnownNode[] => {
    const ranking = { tieKey: head.hostName, clientKey: network, limit, regions, pressures }
    return isPlaced ? rankNodes({ latitude, longitude }, nodes.byPlace, ranking) : rankNodes(undefined, nodes.byLatency, ranking)
  }
  const regions = options.regions.of(head.hostName)
  const within = regions === undefined ? [] : rank(targetsMax - 1, regions)
  // Behind those that are known to answer comes the nearest, which knows better where the function has moved.
  const ranked = within.length === 0 ? rank(targetsMax) : [...within, ...rank(targetsMax).filter((node) => !within.includes(node)).slice(0, 1)]
  const targets = ranked.map(({ name, internalOrigin, health, pressureMs = 0 }): ProxyTarget => ({
    name, upstream: upstreams.get(internalOrigin), trialMax: health?.trialMax, isPressed: pressureMs > 0,
  }))
  if (targets.length === 0 || nodes.internalToken === '') return Promise.resolve({ kind: 'unavailable', busy: false })

  const headers = clientHeaders(head, options.allowLocationHeader)
  headers.push(...internalHeaderFields({
    internalToken: nodes.internalToken, requestId, hops: 0, client, clientAuthorization: head.authorization, forwarded: false,
  }))
  const hasBody = head.isChunked || (head.contentLength ?? 0) > 0
  const onward: ProxyRequest = {
    method: request.method ?? 'GET', target: head.target, headers,
    body: hasBody ? new ReplayableBody(request, expectsContinue ? () => response.writeContinue() : undefined) : undefined,
  }
  return proxy(onward, targets, response, {
    passLastRefusal: true, outlastsOverload: true, retries: options.retries, held: options.protection.held, hedges: options.hedges,
    onFailure: (target, failure) => {
      metrics.countFailure(target.name, failure)
      if (failure === 'busy') options.pressures.refused(head.hostName, target.name, performance.now())
      noteElapsed(headers, performance.now() - startedMs)
      if (failure === 'unreachable') nodes.reportUnreachable(target.name)
      else if (failure === 'broken') nodes.reportFault(target.name)
      if (failure === 'silent' || failure === 'broken' || failure === 'refused') nodes.reportSuspicion(target.name)
    },
    onAnswer: (target, { code, regions: told, tookMs, refusedBy }) => {
      if (code === undefined) options.regions.learn(head.hostName, told)
      if (code !== undefined && busyCodes.has(code)) options.pressures.refused(head.hostName, target.name, performance.now())
      else options.pressures.answered(head.hostName, target.name)
      metrics.observeHead(target.name, tookMs / 1_000)
      if (code === 'isolate_crashed') nodes.reportDoubtfulFault(target.name, head.hostName)
      else nodes.reportAnswer(target.name)
      for (const other of refusedBy) nodes.reportDoubtfulFault(other.name, head.hostName)
    },
    onSlow: (target) => nodes.reportSuspicion(target.name),
    onExtra: (target, why) => metrics.countExtra(target.name, why),
    onAgain: () => {
      metrics.countAgain()
      noteElapsed(headers, performance.now() - startedMs)
    },
  })
}

/** Whoever is asked next is told how much of the request's time is over. */
function noteElapsed(headers: string[], elapsedMs: number): void {
  const at = headers.lastIndexOf(internalHeaders.elapsed)
  if (at === -1) headers.push(internalHeaders.elapsed, elapsedMs.toFixed(1))
  else headers[at + 1] = elapsedMs.toFixed(1)
}

/** What of the client's head goes on: all that is end-to-end, and of `x-skerry-*` the documented inputs. */
function clientHeaders(head: InboundHead, allowLocationHeader: boolean): string[] {
  const headers = ['host', head.host, ...head.headers]
  if (head.affinity !== undefined) headers.push('x-skerry-affinity', head.affinity)
  if (head.location !== undefined && allowLocationHeader) headers.push('x-skerry-location', head.location)
  if (head.traceparent !== undefined) headers.push('traceparent', head.traceparent)
  if (head.tracestate !== undefined) headers.push('tracestate', head.tracestate)
  return headers
}

function toRefusal(outcome: ProxyOutcome): SkerryError | undefined {
  switch (outcome.kind) {
    case 'answered': case 'client_gone':
      return undefined
    case 'unavailable':
      if (outcome.busy) return new SkerryError('overloaded', 'The edge nodes that can be reached are busy. Nothing of the request was processed.')
      return new SkerryError('no_healthy_node', 'No edge node could be reached. Nothing of the request was processed.')
    case 'broken':
      return new SkerryError('isolate_crashed',
        'The edge node broke off before it answered. The request may have been processed, and could not be repeated.')
    default:
      return new SkerryError('bad_request', `The request can not be passed on: ${outcome.reason}.`)
  }
}
