import { isWithin, readName } from './names.ts'
import { findType } from './record-data.ts'
import { RecordFault } from './record-fault.ts'
import { readTokens, type Token } from './tokens.ts'

/** One record of a file. */
export interface Entry {
  readonly name: string
  readonly type: number
  /** Undefined for the zone's. */
  readonly ttlSeconds: number | undefined
  readonly data: Buffer
  readonly target: string | undefined
  /** From 1; 0 for what no file says. */
  readonly line: number
}

const entriesMax = 10_000
const ttlSecondsMax = 604_800
const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/**
 * Reads the records of a zone file, one a line: `NAME [TTL] [IN] TYPE DATA`, with `@` for the zone, comments behind `;`, and a line that begins with
 * a space going on with the name before. `$TTL` sets the TTL of what follows. Throws `RecordFault` for the first line that is wrong.
 * @see https://www.rfc-editor.org/rfc/rfc1035#section-5.1
 */
export function readEntries(text: string, domain: string): Entry[] {
  const entries: Entry[] = []
  let owner: string | undefined
  let defaultSeconds: number | undefined
  for (const [index, lineText] of text.split(/\r?\n/).entries()) {
    const line = index + 1
    const tokens = readTokens(lineText)
    if (tokens === undefined) throw new RecordFault(line, 'a quotation is not closed, or there are parentheses: write one record a line')
    const [first] = tokens
    if (first === undefined) continue
    if (first.text.startsWith('$') && !first.isQuoted) {
      defaultSeconds = readDirective(tokens, line)
      continue
    }
    if (!/^\s/.test(lineText)) owner = readOwner(tokens.shift(), domain, line)
    if (owner === undefined) throw new RecordFault(line, 'a line that begins with a blank goes on with the name of the line before, and there is none')
    const { ttlSeconds, rest } = readTtlAndClass(tokens, line)
    entries.push({ name: owner, ttlSeconds: ttlSeconds ?? defaultSeconds, ...readData(rest, domain, line), line })
    if (entries.length > entriesMax) throw new RecordFault(line, `there are more than ${entriesMax} records`)
  }
  return entries
}

function readDirective([name, value, ...more]: readonly Token[], line: number): number {
  const seconds = name?.text.toUpperCase() === '$TTL' && more.length === 0 ? readTtl(value?.text ?? '', line) : undefined
  if (seconds === undefined) throw new RecordFault(line, 'of directives there is only $TTL SECONDS; names are relative to the zone')
  return seconds
}

function readOwner(token: Token | undefined, domain: string, line: number): string {
  const name = token === undefined || token.isQuoted ? undefined : readName(token.text, domain)
  if (name === undefined) throw new RecordFault(line, `"${token?.text ?? ''}" is no name`)
  if (!isWithin(name, domain)) throw new RecordFault(line, `${name} is not within ${domain}; a name that ends with a dot is whole`)
  if (name.startsWith('*.') && name !== `*.${domain}`) throw new RecordFault(line, 'a * stands directly below the zone only')
  return name
}

function readTtlAndClass(tokens: readonly Token[], line: number): { ttlSeconds: number | undefined; rest: readonly Token[] } {
  let ttlSeconds: number | undefined
  let position = 0
  for (; position < 2; position += 1) {
    const word = tokens[position]?.text ?? ''
    if (word.toUpperCase() === 'IN') continue
    const seconds = ttlSeconds === undefined ? readTtl(word, line) : undefined
    if (seconds === undefined) break
    ttlSeconds = seconds
  }
  return { ttlSeconds, rest: tokens.slice(position) }
}

function readTtl(text: string, line: number): number | undefined {
  const match = /^(\d{1,10})([smhdw]?)$/i.exec(text)
  if (match === null) return undefined
  const seconds = Number(match[1]) * (unitSeconds[match[2]?.toLowerCase() ?? ''] ?? 1)
  if (seconds > ttlSecondsMax) throw new RecordFault(line, `a TTL of ${text} is more than a week`)
  return seconds
}

function readData([word, ...parts]: readonly Token[], domain: string, line: number): Pick<Entry, 'type' | 'data' | 'target'> {
  if (word === undefined) throw new RecordFault(line, 'there is no type')
  if (word.text.toUpperCase() === 'SOA') throw new RecordFault(line, 'SOA is made by the server')
  const known = findType(word.text)
  if (known === undefined) throw new RecordFault(line, `"${word.text}" is no type that is known here; others are written as TYPE52 \\# 2 00ff`)
  const found = known.read(parts, domain)
  if (found === undefined) throw new RecordFault(line, `behind ${word.text.toUpperCase()} there has to be ${known.form}`)
  return { type: known.type, data: found.data, target: found.target }
}
