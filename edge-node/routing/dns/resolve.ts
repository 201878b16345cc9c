import type { ClientNetwork } from './client-network.ts'
import { isFunctionHost } from './host-names.ts'
import { classes, rcodes, types } from './numbers.ts'
import type { Question } from './read-query.ts'
import { isWithin, type RecordSet, upToDomain } from './records/index.ts'
import type { ResourceRecord } from './write-reply.ts'
import type { Zone } from './zone.ts'

/** What a question is answered with. */
export interface Resolution {
  readonly rcode: number
  readonly isAuthoritative: boolean
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** Addresses of name servers that the reply names. */
  readonly additionals: readonly ResourceRecord[]
  /** For how many bits of the client's address this holds; 0 for everybody. */
  readonly scopePrefixLength: number
}

/** Aliases that lead to aliases are followed so far. */
const aliasesMax = 8
/** Types that ask for something other than records: transfers, keys, and what is no more. */
const firstMetaType = 128

/**
 * Answers one question. Pure but for what the zone knows of nodes.
 * @see https://www.rfc-editor.org/rfc/rfc1034#section-4.3.2 @see https://www.rfc-editor.org/rfc/rfc2308 (denials)
 */
export function resolve(question: Question, client: ClientNetwork, zone: Zone): Resolution {
  const { name, type } = question
  const isMeta = type >= firstMetaType && type < types.ANY
  if (question.class !== classes.IN || isMeta || !isWithin(name, zone.domain)) return failure(rcodes.refused)
  const answers: ResourceRecord[] = []
  let asked = name
  for (let aliases = 0; aliases <= aliasesMax; aliases += 1) {
    const found = look(asked, type, client, zone)
    answers.push(...found.answers)
    const [alias] = found.answers
    const target = alias?.type === types.CNAME && type !== types.CNAME ? zone.records.sets.get(asked)?.get(types.CNAME)?.targets[0] : undefined
    if (target === undefined) return { ...found, isAuthoritative: found.isAuthoritative || answers.length > 0, answers }
    // Who is elsewhere, the asker finds himself.
    if (!isWithin(target, zone.domain)) return { ...found, answers }
    asked = target
  }
  return failure(rcodes.serverFailure)
}

function failure(rcode: number): Resolution {
  return { rcode, isAuthoritative: false, answers: [], authorities: [], additionals: [], scopePrefixLength: 0 }
}

/** One name, without going where an alias leads. */
function look(name: string, type: number, client: ClientNetwork, zone: Zone): Resolution {
  const { records, domain } = zone
  const cut = findCut(name, zone)
  if (cut !== undefined && !(cut === name && type === types.DS)) return referral(cut, zone)
  const isApex = name === domain
  const prefix = name.slice(0, -domain.length - 1)
  const sets = records.sets.get(name)
  const isHost = cut === undefined && (isApex || isFunctionHost(prefix)) && !hasOwnAddresses(sets) && !isNameServer(name, zone)
  const common = isHost && !isApex ? records.sets.get(`*.${domain}`) : undefined
  if (sets === undefined && !isHost && !records.names.has(name) && !isNameServer(name, zone)) return denial(rcodes.nameError, zone)

  if (type === types.ANY) {
    // A small answer, so that nobody gets amplified. @see https://www.rfc-editor.org/rfc/rfc8482
    const isEmpty = sets === undefined && !isHost
    return isEmpty ? denial(rcodes.noError, zone) : positive([{ name, type: types.HINFO, ttlSeconds: zone.ttlSeconds, data: zone.hinfo }])
  }
  if (isApex && type === types.SOA) return positive([{ name, type, ttlSeconds: zone.ttlSeconds, data: zone.soa }])
  const set = sets?.get(types.CNAME) ?? sets?.get(type) ?? common?.get(type)
  if (set !== undefined) {
    const found = recordsOf(name, sets?.has(types.CNAME) === true ? types.CNAME : type, set)
    return positive(found, type === types.NS ? glue(set, zone) : [])
  }
  return isHost && (type === types.A || type === types.AAAA) ? nodes(name, type, client, zone) : denial(rcodes.noError, zone)
}

/** The name from which others are authoritative for this one. */
function findCut(name: string, { records, domain }: Zone): string | undefined {
  if (records.cuts.size === 0) return undefined
  for (const each of upToDomain(name, domain)) if (records.cuts.has(each)) return each
  return undefined
}

/** A name that the operator gave an address, or made an alias, leads there and not to nodes. */
function hasOwnAddresses(sets: ReadonlyMap<number, RecordSet> | undefined): boolean {
  return sets !== undefined && (sets.has(types.A) || sets.has(types.AAAA) || sets.has(types.CNAME))
}

/** Its address may be unknown, and is no node's. */
function isNameServer(name: string, { records, domain }: Zone): boolean {
  return records.sets.get(domain)?.get(types.NS)?.targets.includes(name) === true
}

function nodes(name: string, type: number, client: ClientNetwork, zone: Zone): Resolution {
  const found = zone.nodeAddresses(client, name, type === types.A ? 4 : 6)
  // Nothing known is our failure, not the name's: a cached denial would outlast it.
  if (found === undefined) return failure(rcodes.serverFailure)
  const { scopePrefixLength } = found
  if (found.addresses.length === 0) return { ...denial(rcodes.noError, zone), scopePrefixLength }
  return { ...positive(found.addresses.map((data) => ({ name, type, ttlSeconds: zone.ttlSeconds, data }))), scopePrefixLength }
}

function recordsOf(name: string, type: number, { data, ttlSeconds }: RecordSet): ResourceRecord[] {
  return data.map((each) => ({ name, type, ttlSeconds, data: each }))
}

function positive(answers: readonly ResourceRecord[], additionals: readonly ResourceRecord[] = []): Resolution {
  return { rcode: rcodes.noError, isAuthoritative: true, answers, authorities: [], additionals, scopePrefixLength: 0 }
}

/** A denial, with the SOA that says how long it may be kept. */
function denial(rcode: number, zone: Zone): Resolution {
  const soa = { name: zone.domain, type: types.SOA, ttlSeconds: zone.ttlSeconds, data: zone.soa }
  return { rcode, isAuthoritative: true, answers: [], authorities: [soa], additionals: [], scopePrefixLength: 0 }
}

/** Sends the asker on to the name servers of what is delegated. */
function referral(cut: string, zone: Zone): Resolution {
  const set = zone.records.sets.get(cut)?.get(types.NS)
  if (set === undefined) return failure(rcodes.serverFailure)
  return {
    rcode: rcodes.noError, isAuthoritative: false, answers: [], authorities: recordsOf(cut, types.NS, set), additionals: glue(set, zone), scopePrefixLength: 0,
  }
}

function glue({ targets }: RecordSet, { records }: Zone): ResourceRecord[] {
  return targets.flatMap((target) =>
    [types.A, types.AAAA].flatMap((type) => {
      const set = records.sets.get(target)?.get(type)
      return set === undefined ? [] : recordsOf(target, type, set)
    }))
}
