/**
 * What nodes and gateways tell anybody of the cluster, under `/.well-known/skerry/` of every host name. Read in browsers too: small schemas,
 * and nothing of Node.
 */
import { array, type infer as Infer, enum as oneOf, gte, lte, maxLength, minLength, number, object, optional, refine, regex, string } from 'zod/mini'

export const discoveryPaths = { nodes: '/.well-known/skerry/nodes', ping: '/.well-known/skerry/ping' } as const

/** More nodes than so many are not told at once: those nearest to `?near=LAT,LON`, or to who answers, are. */
export const discoveredNodesMax = 64

const latitude = number().check(gte(-90), lte(90))
const longitude = number().check(gte(-180), lte(180))
const shortText = string().check(minLength(1), maxLength(253))

export const discoveredNodeSchema = object({
  name: shortText,
  /** IATA airport code in lower case. */
  region: shortText,
  /** Where clients reach it. */
  url: string().check(maxLength(2_048), refine((text) => /^https?:\/\/[^/]/i.test(text) && URL.canParse(text))),
  latitude,
  longitude,
  /** As whoever answers sees it. */
  status: oneOf(['up', 'draining', 'down']),
  /** By what it asks its clients to go elsewhere, in ms of round trip. */
  pressureMs: optional(number().check(gte(0), lte(1_000))),
})
export type DiscoveredNode = Infer<typeof discoveredNodeSchema>

/** `GET /.well-known/skerry/nodes` */
export const discoverySchema = object({
  /** Functions answer at FUNCTION.DOMAIN. */
  domain: shortText.check(regex(/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i)),
  nodes: array(discoveredNodeSchema).check(maxLength(discoveredNodesMax)),
})
export type Discovery = Infer<typeof discoverySchema>

/** `GET /.well-known/skerry/ping` */
export const pingSchema = object({
  /** Who answers. */
  node: shortText,
  /** Where the client is, as its address tells; left out where that tells nothing. */
  client: optional(object({ latitude, longitude })),
})
export type Ping = Infer<typeof pingSchema>

/** A host name with at least one dot that is no address; `localhost` and what is below it always lead home. */
const publicName = /^(?!\d+(?:\.\d+){3}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/

/**
 * The host name under which a node answers functions by names of their own, for clients that can not choose an address: where the node's URL is
 * `https://fra-1.nodes.example.com`, `hello.fra-1.nodes.example.com` there is `hello.DOMAIN`. Undefined where the URL has no name, and where
 * names below it are functions of an account already.
 */
export function nodeHostOf(url: string, domain: string): string | undefined {
  const host = new URL(url).hostname.toLowerCase()
  if (!publicName.test(host) || host === domain || domain.endsWith(`.${host}`)) return undefined
  const isAccount = host.endsWith(`.${domain}`) && !host.slice(0, -domain.length - 1).includes('.')
  return isAccount ? undefined : host
}
