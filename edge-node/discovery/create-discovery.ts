import type { IncomingMessage, ServerResponse } from 'node:http'
import { type DiscoveredNode, type Discovery, discoveredNodesMax, discoveryPaths, type Ping } from '../../control-plane/protocol/index.ts'
import { type Coordinates, parseCoordinates, rankNodes, type RoutableNode } from '../../geography/index.ts'

/** A node as routing sees it. More than is told may stand in it. */
export type PublicNode = RoutableNode & { readonly url: string }

/** The place of a client, as far as it is known. */
export type FindClient = (request: IncomingMessage) => { readonly latitude?: number | undefined; readonly longitude?: number | undefined } | undefined

export interface DiscoveryOptions {
  /** Who answers. */
  readonly name: string
  readonly domain: string
  /** Where it stands; nodes near by are told first. */
  readonly place: Coordinates | undefined
  readonly nodes: () => readonly PublicNode[]
  readonly isDraining: () => boolean
  readonly findClient: FindClient
}

/** Answers a request of discovery; false, and nothing done, where it is another. */
export type DiscoveryAnswer = (request: IncomingMessage, response: ServerResponse) => boolean

/** Lists may be as old: a node that goes is found out by its connections. */
const listSeconds = 5
const daySeconds = 86_400

/** Any page may read it: there is nothing in it that is not told to everybody, and nothing is sent along. */
const open = {
  'access-control-allow-origin': '*', 'timing-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin', 'x-content-type-options': 'nosniff',
}

/**
 * Makes what tells clients of the nodes, so that they can choose one: `/.well-known/skerry/nodes` (domain, and of each node name, region, URL,
 * place and how it does) and `/.well-known/skerry/ping` (a round trip, and where the client is). No token, and nothing internal.
 * @see https://www.rfc-editor.org/rfc/rfc8615
 */
export function createDiscovery(options: DiscoveryOptions): DiscoveryAnswer {
  return (request, response) => {
    const { url = '', method } = request
    if (!url.startsWith('/.well-known/skerry/')) return false
    const query = url.indexOf('?')
    const path = query === -1 ? url : url.slice(0, query)
    if (path !== discoveryPaths.nodes && path !== discoveryPaths.ping) return false
    if (options.isDraining()) response.shouldKeepAlive = false
    if (method === 'OPTIONS') {
      const allowed = { 'access-control-allow-methods': 'GET, HEAD', 'access-control-allow-headers': '*', 'access-control-max-age': String(daySeconds) }
      response.writeHead(204, { ...open, ...allowed }).end()
    } else if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { ...open, allow: 'GET, HEAD, OPTIONS', 'content-length': '0' }).end()
    } else if (path === discoveryPaths.ping) {
      // A node that drains answers nobody's calls itself: it is not to be chosen.
      answer(response, options.isDraining() ? 503 : 200, 'no-store', ping(options, request))
    } else {
      const near = query === -1 ? null : new URLSearchParams(url.slice(query)).get('near')
      answer(response, 200, `public, max-age=${listSeconds}`, list(options, near === null ? undefined : parseCoordinates(near)))
    }
    return true
  }
}

function answer(response: ServerResponse, status: number, cacheControl: string, value: Discovery | Ping): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { ...open, 'content-type': 'application/json', 'content-length': String(body.length), 'cache-control': cacheControl })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function ping({ name, findClient }: DiscoveryOptions, request: IncomingMessage): Ping {
  const { latitude, longitude } = findClient(request) ?? {}
  if (latitude === undefined || longitude === undefined) return { node: name }
  return { node: name, client: { latitude: hundredths(latitude), longitude: hundredths(longitude) } }
}

function list({ domain, place, nodes }: DiscoveryOptions, near: Coordinates | undefined): Discovery {
  return { domain, nodes: rankNodes(near ?? place, nodes(), { limit: discoveredNodesMax }).map(describe) }
}

function describe({ name, region, url, latitude, longitude, healthy, draining, pressureMs = 0 }: PublicNode): DiscoveredNode {
  const status = !healthy ? 'down' : draining ? 'draining' : 'up'
  return { name, region, url, latitude, longitude, status, ...(pressureMs > 0 ? { pressureMs } : {}) }
}

/** A kilometre: no closer does an address tell. */
const hundredths = (degrees: number): number => Math.round(degrees * 100) / 100
