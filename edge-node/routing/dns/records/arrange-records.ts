import { types } from '../numbers.ts'
import { isWithin, upToDomain } from './names.ts'
import type { Entry } from './read-entries.ts'
import { RecordFault } from './record-fault.ts'
import type { RecordSet, ZoneRecords } from './zone-records.ts'

/** A set of records has to fit into one answer, also behind a few others. */
const setBytesMax = 16_384
/** What may stand below a delegation: addresses of the servers that it leads to. */
const glueTypes: ReadonlySet<number> = new Set([types.A, types.AAAA])
const takenTypes: ReadonlySet<number> = new Set([types.A, types.AAAA, types.CNAME, types.NS])

/** Makes entries a zone's records. Throws `RecordFault` where they contradict each other. */
export function arrangeRecords(entries: readonly Entry[], domain: string, ttlSeconds: number): ZoneRecords {
  const byName = Map.groupBy(entries, ({ name }) => name)
  const cuts = new Set([...byName].filter(([name, ofName]) => name !== domain && ofName.some(({ type }) => type === types.NS)).map(([name]) => name))
  const names = new Set([domain])
  const sets = new Map<string, ReadonlyMap<number, RecordSet>>()
  for (const [name, ofName] of byName) {
    checkAlias(ofName, name, domain)
    checkWildcard(ofName, name, domain)
    checkCut(ofName, name, domain, cuts)
    for (const each of upToDomain(name, domain)) names.add(each)
    sets.set(name, new Map([...Map.groupBy(ofName, ({ type }) => type)].map(([type, ofType]) => [type, makeSet(ofType, ttlSeconds)])))
  }
  checkServers(entries, sets, domain)
  return { sets, names, cuts }
}

function makeSet(entries: readonly Entry[], ttlSeconds: number): RecordSet {
  const data = [...new Map(entries.map((entry) => [entry.data.toString('latin1'), entry.data])).values()]
  if (data.reduce((sum, { length }) => sum + length, 0) > setBytesMax) {
    throw new RecordFault(entries.at(-1)?.line ?? 0, `the records of this name and type are more than ${setBytesMax} bytes, which no answer shall have`)
  }
  return {
    data,
    // All records of a set have one TTL (RFC 2181, 5.2).
    ttlSeconds: Math.min(...entries.map((entry) => entry.ttlSeconds ?? ttlSeconds)),
    targets: entries.flatMap(({ target }) => target ?? []),
  }
}

function checkAlias(entries: readonly Entry[], name: string, domain: string): void {
  const alias = entries.find(({ type }) => type === types.CNAME)
  if (alias === undefined) return
  if (name === domain) throw new RecordFault(alias.line, 'the zone itself can not be a CNAME')
  const other = entries.find((entry) => entry !== alias)
  if (other !== undefined) throw new RecordFault(Math.max(alias.line, other.line), `a name with a CNAME has nothing else, and ${name} has`)
}

function checkWildcard(entries: readonly Entry[], name: string, domain: string): void {
  if (name !== `*.${domain}`) return
  const taken = entries.find(({ type }) => takenTypes.has(type))
  if (taken !== undefined) throw new RecordFault(taken.line, 'at * there can be no A, AAAA, CNAME or NS: every function has the addresses of nodes')
}

function checkCut(entries: readonly Entry[], name: string, domain: string, cuts: ReadonlySet<string>): void {
  const cut = [...upToDomain(name, domain)].find((each) => cuts.has(each))
  if (cut === undefined) return
  const wrong = entries.find(({ type }) => !glueTypes.has(type) && !(cut === name && (type === types.NS || type === types.DS)))
  if (wrong !== undefined) throw new RecordFault(wrong.line, `${cut} is delegated, so all but the addresses of its name servers stands there`)
}

/** A name server within the zone can only be found by addresses that stand here. */
function checkServers(entries: readonly Entry[], sets: ZoneRecords['sets'], domain: string): void {
  for (const { type, target, line } of entries) {
    // What no file says are the defaults, which may know no address.
    if (type !== types.NS || target === undefined || line === 0 || !isWithin(target, domain)) continue
    const found = sets.get(target)
    if (found?.has(types.A) !== true && found?.has(types.AAAA) !== true) throw new RecordFault(line, `${target} is within the zone and has no A or AAAA record here`)
  }
}
