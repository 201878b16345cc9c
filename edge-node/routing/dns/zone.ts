import { isIP } from 'node:net'
import type { Answer, DecodedPacket, Packet, Question } from 'dns-packet'
import { readEdns, replyOpt } from './edns.ts'

/** A name server of the zone and where it is reached. */
export interface NameServer {
  readonly name: string
  readonly addresses: readonly string[]
}

export interface Zone {
  /** In lower case, without the final dot. */
  readonly domain: string
  readonly nameServers: readonly NameServer[]
  readonly ttlSeconds: number
  readonly serial: number
  /** Addresses of nodes for a client, by region, nearest region first; empty where no node is known. */
  readonly nearestAddresses: (clientAddress: string, name: string) => readonly (readonly string[])[]
}

export const rcodes = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const

const flags = { authoritative: 1 << 10, recursionDesired: 1 << 8, opcodeMask: 0x7800, response: 1 << 15 } as const

const addressesMax = 4

const label = '[a-z0-9]+(?:-[a-z0-9]+)*'
/** `FUNCTION`, `VERSION--FUNCTION`, each also with `.ACCOUNT`. */
const functionHost = new RegExp(`^(?:[0-7][0-9a-hjkmnp-tv-z]{25}--)?(?=[^.]{1,35}(?:\\.|$))${label}(?:\\.(?=.{1,35}$)${label})?$`)

/** What one query is answered with: the sections, and how it went. */
interface Outcome {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: Answer[]
  readonly authorities: Answer[]
}

/**
 * Answers one query. Pure but for `zone.nearestAddresses`. Undefined for what must not be answered: a response sent to us, which
 * would be answered back for ever.
 * @see https://www.rfc-editor.org/rfc/rfc1035 @see https://www.rfc-editor.org/rfc/rfc7871 (client subnet)
 */
export function answerQuery(query: DecodedPacket, resolverAddress: string, zone: Zone): Packet | undefined {
  const queryFlags = query.flags ?? 0
  if (query.type === 'response') return undefined
  const edns = readEdns(query)
  const question = query.questions?.[0]
  let outcome: Outcome
  if ((queryFlags & flags.opcodeMask) !== 0) outcome = fail(rcodes.notImplemented)
  else if (question === undefined || query.questions?.length !== 1) outcome = fail(rcodes.formatError)
  else if (edns?.version !== undefined && edns.version > 0) outcome = fail(rcodes.noError)
  else outcome = resolve(question, edns?.clientSubnet?.address ?? resolverAddress, zone)
  return {
    type: 'response', id: query.id ?? 0,
    flags:
      (queryFlags & (flags.recursionDesired | flags.opcodeMask)) | (outcome.authoritative ? flags.authoritative : 0) | outcome.rcode,
    questions: query.questions?.slice(0, 1) ?? [],
    answers: outcome.answers, authorities: outcome.authorities,
    additionals: edns === undefined ? [] : [replyOpt(edns)],
  }
}

function fail(rcode: number): Outcome {
  return { rcode, authoritative: false, answers: [], authorities: [] }
}

function resolve(question: Question, clientAddress: string, zone: Zone): Outcome {
  // The types know fewer names than the decoder makes.
  const type: string = question.type
  const name = question.name.toLowerCase().replace(/\.$/, '')
  const isApex = name === zone.domain
  if (type === 'AXFR' || type === 'IXFR' || (question.class ?? 'IN') !== 'IN' || !(isApex || name.endsWith(`.${zone.domain}`))) {
    return fail(rcodes.refused)
  }
  const nameServer = zone.nameServers.find((server) => server.name === name)
  const prefix = name.slice(0, -zone.domain.length - 1)
  if (!isApex && nameServer === undefined && !functionHost.test(prefix)) return withSoa(rcodes.nameError, zone)

  if (type === 'A' || type === 'AAAA') {
    const family = type === 'A' ? 4 : 6
    const regions = nameServer === undefined ? zone.nearestAddresses(clientAddress, name) : [nameServer.addresses]
    // Nothing known is our failure, not the name's: a cached denial would outlast it.
    if (regions.length === 0) return fail(rcodes.serverFailure)
    const found = pick(regions, family)
    return found.length === 0 ? withSoa(rcodes.noError, zone) : positive(found.map((data) => record(question.name, type, data, zone)))
  }
  if (isApex && type === 'SOA') return positive([soa(question.name, zone)])
  if (isApex && type === 'NS') return positive(zone.nameServers.map((server) => record(question.name, 'NS', server.name, zone)))
  if (type === 'ANY') {
    // A small answer, so that nobody gets amplified. @see https://www.rfc-editor.org/rfc/rfc8482
    return positive([{ type: 'HINFO', name: question.name, ttl: zone.ttlSeconds, data: { cpu: 'RFC8482', os: '' } }])
  }
  return withSoa(rcodes.noError, zone)
}

/**
 * The nearest region's addresses of a family. IPv4 is looked for further away, since some clients have nothing else; IPv6 is not, for
 * clients that have both would prefer the far node.
 */
function pick(regions: readonly (readonly string[])[], family: 4 | 6): readonly string[] {
  for (const region of regions) {
    const found = region.filter((address) => isIP(address) === family)
    if (found.length > 0 || (family === 6 && region.length > 0)) return found.slice(0, addressesMax)
  }
  return []
}

function positive(answers: Answer[]): Outcome {
  return { rcode: rcodes.noError, authoritative: true, answers, authorities: [] }
}

/** A denial, with the SOA that says how long it may be kept. @see https://www.rfc-editor.org/rfc/rfc2308 */
function withSoa(rcode: number, zone: Zone): Outcome {
  return { rcode, authoritative: true, answers: [], authorities: [soa(zone.domain, zone)] }
}

function record(name: string, type: string, data: string, zone: Zone): Answer {
  const kind = type === 'A' ? 'A' : type === 'AAAA' ? 'AAAA' : 'NS'
  return { type: kind, name, ttl: zone.ttlSeconds, data }
}

function soa(name: string, zone: Zone): Answer {
  return {
    type: 'SOA', name, ttl: zone.ttlSeconds,
    data: {
      mname: zone.nameServers[0]?.name ?? zone.domain, rname: `hostmaster.${zone.domain}`, serial: zone.serial,
      refresh: 3_600, retry: 600, expire: 86_400, minimum: zone.ttlSeconds,
    },
  }
}

