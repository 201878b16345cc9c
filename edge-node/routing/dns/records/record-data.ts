import { isIPv4, isIPv6 } from 'node:net'
import { type Answer, encode } from 'dns-packet'
import { types } from '../numbers.ts'
import { readName } from './names.ts'
import { readServiceData } from './service-data.ts'
import type { Token } from './tokens.ts'

/** RDATA, and the name that it leads to, for types that lead somewhere. */
export interface RecordData {
  readonly data: Buffer
  readonly target?: string
}

type Parts = readonly Token[]
/** Undefined where the words are no such data. */
type Reader = (parts: Parts, domain: string) => RecordData | undefined

const stringBytesMax = 255

/** The types that a zone file may have, each with what is to stand behind it. */
const readers: ReadonlyMap<string, { readonly type: number; readonly form: string; readonly read: Reader }> = new Map([
  ['A', { type: types.A, form: 'an IPv4 address', read: one((text) => (isIPv4(text) ? { data: rdata({ type: 'A', name: '.', data: text }) } : undefined)) }],
  ['AAAA', { type: types.AAAA, form: 'an IPv6 address', read: one((text) => (isIPv6(text) && !text.includes('%') ? { data: rdata({ type: 'AAAA', name: '.', data: text }) } : undefined)) }],
  ['NS', { type: types.NS, form: 'the name of a name server', read: readTarget('NS') }],
  ['CNAME', { type: types.CNAME, form: 'a name', read: readTarget('CNAME') }],
  ['TXT', { type: types.TXT, form: 'strings of at most 255 bytes, in quotation marks where they have spaces', read: readText }],
  ['CAA', { type: types.CAA, form: 'FLAGS TAG "VALUE"', read: readCaa }],
  ['MX', { type: types.MX, form: 'PREFERENCE NAME', read: readMx }],
  ['SRV', { type: types.SRV, form: 'PRIORITY WEIGHT PORT NAME', read: readSrv }],
  ['HTTPS', { type: types.HTTPS, form: 'PRIORITY NAME, then alpn=, port=, ipv4hint= or ipv6hint=', read: readService }],
])

export function findType(name: string): { readonly type: number; readonly form: string; readonly read: Reader } | undefined {
  return readers.get(name.toUpperCase()) ?? findUnknownType(name)
}

/** `TYPE52 \# 3 010203`: any type, by number and bytes. @see https://www.rfc-editor.org/rfc/rfc3597 */
function findUnknownType(name: string): ReturnType<typeof findType> {
  const type = Number(/^TYPE(\d{1,5})$/i.exec(name)?.[1])
  // Known ones are checked by their own form; SOA is the server's; 41 and 128 to 255 are no types of records.
  const isOwn = [...readers.values()].some((known) => known.type === type) || type === types.SOA || type === types.OPT
  if (!(type > 0 && type < 65_280) || isOwn || (type >= 128 && type <= 255)) return undefined
  return { type, form: '\\# LENGTH HEX', read: readBytes }
}

function one(read: (text: string) => RecordData | undefined): Reader {
  return ([part, ...more]) => (part === undefined || more.length > 0 ? undefined : read(part.text))
}

function readTarget(type: 'NS' | 'CNAME'): Reader {
  return ([part, ...more], domain) => {
    const target = part === undefined || more.length > 0 ? undefined : readHost(part, domain)
    return target === undefined || target === '' ? undefined : { data: rdata({ type, name: '.', data: target }), target }
  }
}

function readText(parts: Parts): RecordData | undefined {
  const strings = parts.map(({ text }) => Buffer.from(text, 'latin1'))
  if (strings.length === 0 || strings.some(({ length }) => length > stringBytesMax)) return undefined
  return { data: rdata({ type: 'TXT', name: '.', data: strings }) }
}

function readCaa([flags, tag, value, ...more]: Parts): RecordData | undefined {
  const bits = readNumber(flags, 255)
  if (bits === undefined || tag === undefined || value === undefined || more.length > 0 || !/^[a-z0-9]{1,15}$/i.test(tag.text)) return undefined
  const name = Buffer.from(tag.text.toLowerCase(), 'latin1')
  return { data: Buffer.concat([Buffer.of(bits, name.length), name, Buffer.from(value.text, 'latin1')]) }
}

function readMx([preference, host, ...more]: Parts, domain: string): RecordData | undefined {
  const exchange = host === undefined || more.length > 0 ? undefined : readHost(host, domain)
  const number = readNumber(preference, 65_535)
  if (exchange === undefined || number === undefined) return undefined
  return { data: rdata({ type: 'MX', name: '.', data: { preference: number, exchange: exchange || '.' } }) }
}

function readSrv([first, second, third, host, ...more]: Parts, domain: string): RecordData | undefined {
  const target = host === undefined || more.length > 0 ? undefined : readHost(host, domain)
  const [priority, weight, port] = [readNumber(first, 65_535), readNumber(second, 65_535), readNumber(third, 65_535)]
  if (target === undefined || priority === undefined || weight === undefined || port === undefined) return undefined
  return { data: rdata({ type: 'SRV', name: '.', data: { priority, weight, port, target: target || '.' } }) }
}

function readService([priority, target, ...parameters]: Parts, domain: string): RecordData | undefined {
  const name = target === undefined ? undefined : readHost(target, domain)
  const number = readNumber(priority, 65_535)
  const data = name === undefined || number === undefined ? undefined : readServiceData(number, name, parameters.map(({ text }) => text))
  return data === undefined ? undefined : { data }
}

function readBytes([mark, length, ...hex]: Parts): RecordData | undefined {
  const text = hex.map((part) => part.text).join('')
  const bytes = readNumber(length, 65_535)
  if (mark?.text !== '#' || mark.isQuoted || bytes === undefined || !/^(?:[0-9a-f]{2})*$/i.test(text) || text.length !== bytes * 2) return undefined
  return { data: Buffer.from(text, 'hex') }
}

function readHost({ text, isQuoted }: Token, domain: string): string | undefined {
  return isQuoted || text.startsWith('*') ? undefined : readName(text, domain)
}

function readNumber(part: Token | undefined, max: number): number | undefined {
  const number = part !== undefined && /^\d{1,5}$/.test(part.text) ? Number(part.text) : undefined
  return number === undefined || number > max ? undefined : number
}

/** Header, root name, type, class, TTL and length come before the data in a message of this one record. */
const bytesBeforeData = 12 + 1 + 2 + 2 + 4 + 2

/** RDATA of a record, by the library's encoders. */
export function rdata(record: Answer): Buffer {
  return encode({ type: 'response', answers: [record] }).subarray(bytesBeforeData)
}
