import { type Edns, readEdns } from './edns.ts'
import { readOpt } from './read-opt.ts'
import { flags, headerBytes, rcodes } from './numbers.ts'

/** The question of a query. */
export interface Question {
  /** In lower case, without the final dot; the root is empty. Bytes that no host name has stand as `\DDD`. */
  readonly name: string
  readonly type: number
  readonly class: number
  /** As it came, for the reply: resolvers that vary the case want it back. */
  readonly bytes: Buffer
}

export interface Query {
  readonly id: number
  /** As its bits stand in the header; 0 is QUERY. */
  readonly opcode: number
  readonly isRecursionDesired: boolean
  /** Undefined in a query that wants nothing but a cookie. */
  readonly question: Question | undefined
  readonly edns: Edns | undefined
}

const labelBytesMax = 63
const nameBytesMax = 255
/** Transfers bring an SOA; a signature and an OPT stand behind. More is there to have us make room for it. */
const sectionsMax = { answers: 0, authorities: 1, additionals: 3 } as const

/** Reads a query, or answers with the code for what is none. The message has a whole header and is no response. */
export function readQuery(message: Buffer): Query | number {
  const questions = message.readUInt16BE(4)
  if (
    questions > 1 || message.readUInt16BE(6) > sectionsMax.answers || message.readUInt16BE(8) > sectionsMax.authorities ||
    message.readUInt16BE(10) > sectionsMax.additionals
  ) return rcodes.formatError
  const question = questions === 0 ? undefined : readQuestion(message)
  if (questions === 1 && question === undefined) return rcodes.formatError
  const opt = readOpt(message, headerBytes + (question?.bytes.length ?? 0), message.readUInt16BE(8) + message.readUInt16BE(10))
  if (opt === 'malformed') return rcodes.formatError
  const edns = opt === undefined ? undefined : readEdns(opt)
  if (question === undefined && edns?.cookie === undefined) return rcodes.formatError
  const bits = message.readUInt16BE(2)
  return { id: message.readUInt16BE(0), opcode: bits & flags.opcode, isRecursionDesired: (bits & flags.recursionDesired) !== 0, question, edns }
}

/** Undefined where it is cut off, or its name is too long or a pointer: there is nothing before it to point to. */
function readQuestion(message: Buffer): Question | undefined {
  let offset = headerBytes
  let name = ''
  for (;;) {
    const length = message[offset]
    if (length === undefined || length > labelBytesMax) return undefined
    offset += 1
    if (length === 0) break
    if (name !== '') name += '.'
    name += readLabel(message, offset, offset + length)
    offset += length
    if (offset - headerBytes >= nameBytesMax) return undefined
  }
  if (offset + 4 > message.length) return undefined
  return {
    name, type: message.readUInt16BE(offset), class: message.readUInt16BE(offset + 2), bytes: message.subarray(headerBytes, offset + 4),
  }
}

const plainLabel = /^[a-z0-9_-]*$/

function readLabel(message: Buffer, start: number, end: number): string {
  const text = message.toString('latin1', start, end).toLowerCase()
  // A dot within a label would make two of it.
  return plainLabel.test(text) ? text : text.replaceAll(/[^a-z0-9_-]/g, (byte: string) => `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`)
}
