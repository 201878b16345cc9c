import { SkerryError } from '../../../errors/index.ts'
import type { Token } from '../../control-plane/index.ts'
import { answerProblem, type ForwardContext, type Forwarder, internalHeaderFields, internalHeaders, linger } from '../../ingress/index.ts'
import { clientNetwork, UnreadBytes, RetryBudget } from '../../protection/index.ts'
import { type Coordinates, rankNodes } from '../nearest/index.ts'
import { type KnownNode, NodeTable } from '../nodes/index.ts'
import { proxy, type ProxyOutcome, ReplayableBody, Upstreams } from '../proxy/index.ts'

export interface NodeForwarderOptions {
  readonly controlPlaneUrl: string
  /** A control-plane token with scope `node`. */
  readonly token: Token
  /** PEM of the authorities to trust instead of the usual, where the control plane is reached by HTTPS. */
  readonly ca?: string | undefined
  /** PEM of the authorities that other nodes' internal ports are checked by, where they speak TLS; the usual ones unless set. */
  readonly internalCa?: string | undefined
  /** This node, which never forwards to itself. */
  readonly name: string
  readonly region: string
  /** Where this node stands. */
  readonly place: Coordinates
  /** Keeps the list of nodes over a restart with the control plane gone. */
  readonly nodesFile?: string | undefined
  /** How often the list is read. */
  readonly refreshMs?: number | undefined
  readonly onOutage?: ((error: SkerryError | undefined) => void) | undefined
}

export interface NodeForwarder extends Forwarder {
  /** Resolves when the list of nodes was asked for. Never rejects. */
  start(): Promise<void>
  /** The other nodes as they are known now; another list whenever something of it changes. */
  readonly peers: readonly KnownNode[]
  close(): Promise<void>
}

const refreshMsDefault = 2_000
const targetsMax = 3
/** Nodes that are asked to take load, out of so many of the nearest: those that have too much of their own would only refuse. */
const reliefTargetsMax = 2
const reliefSearched = 8
/** Of answers from other nodes, for clients that read slowly. */
const heldBytesMax = 64 * 1024 * 1024

/**
 * Makes the forwarder of a node: hands a request to the nearest other node that may run it, by the same proxy as the gateway.
 *
 * Invariants: a request is forwarded once (`x-skerry-forwarded`; the receiver answers or refuses), so there are no loops. The nearest
 * is meant from the client where its place is known, otherwise from here, which the client was led to as its nearest.
 */
export function createForwarder(options: NodeForwarderOptions): NodeForwarder {
  const upstreams = new Upstreams({ ca: options.internalCa })
  const retries = new RetryBudget()
  const held = new UnreadBytes(heldBytesMax)
  const nodes = new NodeTable({
    controlPlaneUrl: options.controlPlaneUrl, token: options.token, ca: options.ca, refreshMs: options.refreshMs ?? refreshMsDefault, health: 'passive',
    onOrigins: (origins) => upstreams.retain(origins), ownName: options.name, file: options.nodesFile, onOutage: options.onOutage,
  })

  /** The one node that is asked for; behind it, where the body can not be had again, the others that could be asked. */
  const placed = ({ hasBody, regions }: ForwardContext, only: string, rank: () => readonly KnownNode[]): readonly KnownNode[] => {
    const chosen = nodes.nodes.filter(({ name, region }) => name === only && (regions.includes('*') || regions.includes(region)))
    return chosen.length === 0 || !hasBody ? chosen : [...chosen, ...rank().filter(({ name }) => name !== only)]
  }

  return {
    start: () => nodes.start(),
    get peers() {
      return nodes.nodes
    },
    close: async () => {
      nodes.close()
      upstreams.close()
    },
    nodesFor: async ({ regions, host }) => {
      const rank = () => rankNodes(options.place, nodes.byPlace, { regions, tieKey: host, unavailable: 'omit', limit: targetsMax })
      if (regions.length > 0 && rank().length === 0) await nodes.refreshEarly()
      return { internalToken: nodes.internalToken, ca: options.internalCa, nodes: nodes.internalToken === '' ? [] : rank() }
    },
    forward: async (request, response, context) => {
      const { client, regions, host } = context
      const place = client.latitude === undefined || client.longitude === undefined
        ? options.place
        : { latitude: client.latitude, longitude: client.longitude }
      // A draining node would only refuse: it may not forward what was forwarded to it.
      const isRelief = context.reason === 'load'
      const ranking = { regions, tieKey: host, clientKey: clientNetwork(client.address), unavailable: 'omit' as const }
      const rank = () => isRelief
        ? rankNodes(place, nodes.byPlace, { ...ranking, limit: reliefSearched }).filter(({ pressureMs = 0 }) => pressureMs === 0).slice(0, reliefTargetsMax)
        : rankNodes(place, nodes.byPlace, { ...ranking, limit: targetsMax })
      let ranked = context.only === undefined ? rank() : placed(context, context.only, rank)
      if (ranked.length === 0 && regions.length > 0 && context.only === undefined && !isRelief) {
        await nodes.refreshEarly()
        ranked = rank()
      }
      if (ranked.length === 0 || nodes.internalToken === '') return false
      const headers = hopHeaders(context, options.name, nodes.internalToken)
      const outcome = await proxy(
        {
          method: request.method ?? 'GET', target: context.target, headers,
          body: context.hasBody ? new ReplayableBody(request, context.accept) : undefined,
        },
        ranked.map((node) => ({ name: node.name, upstream: upstreams.get(node.internalOrigin) })),
        response,
        {
          passLastRefusal: false, retries, held, keepsCookie: context.keepsCookie,
          onFailure: (target, failure) => {
            if (failure === 'unreachable' || failure === 'silent') nodes.reportUnreachable(target.name)
            // The next node is told how much of the request's time is over by then.
            headers.splice(-1, 1, elapsedOf(context))
          },
          onAnswer: (target, { status, isUpgrade }) => {
            if (!isUpgrade) context.onHead?.(target.name, status)
          },
        },
      )
      if (outcome.kind === 'unavailable') {
        if (outcome.busy) context.onBusy?.()
        return false
      }
      // Whoever asked for that one node answers itself what may be done twice.
      if (outcome.kind === 'broken' && context.only !== undefined && !context.hasBody && isSafe(request.method)) return false
      const refusal = toRefusal(outcome)
      if (refusal !== undefined && !response.headersSent && !response.destroyed) {
        answerProblem(response, refusal, { requestId: context.requestId, node: options.name, region: options.region })
      }
      linger(request)
      return true
    },
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
const isSafe = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

/** Its last field is how old the request is. */
function hopHeaders(context: ForwardContext, node: string, internalToken: string): string[] {
  const { reason, requestId, hops, client, clientAuthorization, contentLength, hasBody } = context
  const headers = ['host', context.host, ...context.headers]
  if (hasBody && contentLength !== undefined) headers.push('content-length', String(contentLength))
  headers.push(...internalHeaderFields({ internalToken, requestId, hops, client, clientAuthorization, forwarded: { why: reason === 'load' ? 'load' : '1', by: node } }))
  headers.push(internalHeaders.elapsed, elapsedOf(context))
  return headers
}

function elapsedOf({ startedMs }: ForwardContext): string {
  return (performance.now() - startedMs).toFixed(1)
}

function toRefusal(outcome: ProxyOutcome): SkerryError | undefined {
  if (outcome.kind === 'broken') {
    return new SkerryError('isolate_crashed', 'The node that the request was forwarded to broke off. It may have been processed, and could not be repeated.')
  }
  if (outcome.kind === 'invalid') return new SkerryError('bad_request', `The request can not be passed on: ${outcome.reason}.`)
  return undefined
}
