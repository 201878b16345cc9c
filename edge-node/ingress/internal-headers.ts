/**
 * Headers of the hop between gateway and node, and between nodes (the internal listener).
 *
 * Invariants: `Host` stays the function's host. `authorization` carries the cluster's internal token, so the client's own
 * `authorization` travels in `clientAuthorization` and is put back before the function sees the request. None of these is
 * believed from anyone who does not have the token.
 */
export const internalHeaders = {
  clientAddress: 'x-skerry-client-address',
  /** `LAT,LON` in degrees. */
  clientLocation: 'x-skerry-client-location',
  /** ISO 3166-1 alpha-2. */
  clientCountry: 'x-skerry-client-country',
  /** `http` or `https`, as the client spoke to the first of us. */
  clientProtocol: 'x-skerry-client-protocol',
  /** The client's own `authorization` header, where it sent one. */
  clientAuthorization: 'x-skerry-client-authorization',
  /** ULID of the request. */
  requestId: 'x-skerry-id',
  /** How often functions called functions before this request. */
  hops: 'x-skerry-hops',
  /** Where a node sent it on: the receiver answers it itself or refuses. See `Forwarded`. */
  forwarded: 'x-skerry-forwarded',
  /** Name of that node. */
  forwarder: 'x-skerry-forwarder',
  /** How old the request was when it was sent on, in ms: so much of its time is over. */
  elapsed: 'x-skerry-elapsed',
  /** Of a function's call of another: how many calls between functions it may set off. */
  calls: 'x-skerry-calls',
  /** On a refusal: that no code of the function ran, so that another node may be tried whatever the method; see `NotBegun`. */
  notBegun: 'x-skerry-not-begun',
} as const

/** Why nothing of a request ran: `busy` where there was too much to do, as there may be elsewhere; `1` where others can do what this node can not. */
export type NotBegun = '1' | 'busy'

/** Why a node sent a request on: `1` where it can not answer it, `load` where it has too much to do, and whoever has as well shall refuse it. */
export type Forwarded = '1' | 'load'

/** The client's place and address, as the first process of ours that it reached saw them. */
export interface ClientDetails {
  readonly address: string
  readonly protocol: 'http' | 'https'
  readonly country: string | undefined
  /** Degrees; both or none. */
  readonly latitude: number | undefined
  readonly longitude: number | undefined
}

/** What the hop adds, flat name and value pairs. The client's `authorization` is passed so that it is not lost. */
export function internalHeaderFields(hop: {
  readonly internalToken: string
  readonly requestId: string
  readonly hops: number
  readonly client: ClientDetails
  readonly clientAuthorization: string | undefined
  readonly forwarded: false | { readonly why: Forwarded; readonly by: string }
}): string[] {
  const { client } = hop
  const fields = [
    'authorization', `Bearer ${hop.internalToken}`,
    internalHeaders.requestId, hop.requestId,
    internalHeaders.hops, String(hop.hops),
    internalHeaders.clientAddress, client.address,
    internalHeaders.clientProtocol, client.protocol,
  ]
  if (client.country !== undefined) fields.push(internalHeaders.clientCountry, client.country)
  if (client.latitude !== undefined && client.longitude !== undefined) {
    fields.push(internalHeaders.clientLocation, `${client.latitude},${client.longitude}`)
  }
  if (hop.clientAuthorization !== undefined) fields.push(internalHeaders.clientAuthorization, hop.clientAuthorization)
  if (hop.forwarded !== false) {
    const { why, by } = hop.forwarded
    fields.push(internalHeaders.forwarded, why, internalHeaders.forwarder, by)
  }
  return fields
}
