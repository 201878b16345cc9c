import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { SkerryError } from '../../errors/index.ts'
import { clientAddress, type IsTrustedProxy, plainAddress } from './client-address.ts'
import { type ClientDetails, internalHeaders } from './internal-headers.ts'
import { type InboundHead, readRequestHead } from './request-head.ts'

/** Where an address is, by a geographic database. */
export type LocateClient = (address: string) => { readonly country?: string; readonly latitude?: number; readonly longitude?: number } | undefined

export interface ClientRules {
  readonly isTrustedProxy: IsTrustedProxy
  /** Whether `x-skerry-location` of a client counts. */
  readonly allowLocationHeader: boolean
  readonly locate?: LocateClient
}

/** The client of a request on the public listener; the head keeps what a trusted proxy says besides. Throws `bad_request` for an allowed location that is none. */
export function publicClient(request: IncomingMessage, head: InboundHead, rules: ClientRules): ClientDetails {
  const peer = plainAddress(request.socket.remoteAddress)
  const address = clientAddress(peer, head.forwardedFor, rules.isTrustedProxy)
  const spoken = request.socket instanceof TLSSocket ? 'https' : 'http'
  const isProxied = rules.isTrustedProxy(peer)
  // Where a proxy says nothing of this, its own connection counts.
  const protocol = isProxied ? (forwardedProtocol(head.forwardedProtocol) ?? spoken) : spoken
  if (isProxied) head.headers.push(...head.forwarded)
  const place = rules.locate?.(address)
  if (rules.allowLocationHeader && head.location !== undefined) {
    return { address, protocol, country: place?.country, ...parseLocation(head.location, 'x-skerry-location') }
  }
  return { address, protocol, country: place?.country, latitude: place?.latitude, longitude: place?.longitude }
}

/** As `publicClient`, of a request whose head is not otherwise read; undefined where that is malformed. */
export function findPublicClient(request: IncomingMessage, rules: ClientRules): ClientDetails | undefined {
  try {
    return publicClient(request, readRequestHead(request), rules)
  } catch {
    return undefined
  }
}

/** The client of a request on the internal listener, as the gateway or node before saw it. */
export function internalClient(request: IncomingMessage, head: InboundHead): ClientDetails {
  const field = (name: string): string | undefined => head.internal?.get(name)
  const location = field(internalHeaders.clientLocation)
  const country = field(internalHeaders.clientCountry)
  // Whoever took it from the client has seen to it.
  head.headers.push(...head.forwarded)
  return {
    address: field(internalHeaders.clientAddress) ?? plainAddress(request.socket.remoteAddress),
    protocol: field(internalHeaders.clientProtocol) === 'https' ? 'https' : 'http',
    country: country !== undefined && /^[A-Z]{2}$/.test(country) ? country : undefined,
    ...(location === undefined ? { latitude: undefined, longitude: undefined } : parseLocation(location, internalHeaders.clientLocation)),
  }
}

/** What the nearest proxy said, where several did. */
function forwardedProtocol(text: string | undefined): 'http' | 'https' | undefined {
  const last = text?.split(',').at(-1)?.trim().toLowerCase()
  return last === 'http' || last === 'https' ? last : undefined
}

function parseLocation(text: string, field: string): { latitude: number; longitude: number } {
  const match = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text)
  const latitude = Number(match?.[1] ?? Number.NaN)
  const longitude = Number(match?.[2] ?? Number.NaN)
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) {
    throw new SkerryError('bad_request', `${field} is not LATITUDE,LONGITUDE in degrees, such as 52.52,13.40.`, { field })
  }
  return { latitude, longitude }
}
