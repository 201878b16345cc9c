import { classes, flags, headerBytes } from './numbers.ts'
import type { Query, Question } from './read-query.ts'

/** A record as it is sent. */
export interface ResourceRecord {
  /** In lower case, without the final dot. */
  readonly name: string
  readonly type: number
  readonly ttlSeconds: number
  /** RDATA. */
  readonly data: Buffer
}

/** What a reply says, besides what its OPT record does. */
export interface Reply {
  readonly rcode: number
  readonly isAuthoritative: boolean
  readonly isTruncated: boolean
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  readonly additionals: readonly ResourceRecord[]
}

const fixedBytes = 10
const pointer = 0xc000
/** Names further behind can not be pointed to. */
const pointedBytesMax = 0x4000

/**
 * The reply as bytes. Owner names are compressed, and stand in the question's case where they are part of it (RFC 1035, 4.1.4). `opt` is the OPT record, where
 * the query had one.
 */
export function writeReply({ id, opcode, question, isRecursionDesired }: Query, reply: Reply, opt: Buffer | undefined): Buffer {
  const sections = [reply.answers, reply.authorities, reply.additionals]
  const questionBytes = question?.bytes ?? Buffer.alloc(0)
  let bytesMax = headerBytes + questionBytes.length + (opt?.length ?? 0)
  for (const section of sections) for (const { name, data } of section) bytesMax += name.length + 2 + fixedBytes + data.length
  const bytes = Buffer.allocUnsafe(bytesMax)
  bytes.writeUInt16BE(id, 0)
  bytes.writeUInt16BE(
    flags.response | opcode | (reply.isAuthoritative ? flags.authoritative : 0) | (reply.isTruncated ? flags.truncated : 0) |
      (isRecursionDesired ? flags.recursionDesired : 0) | (reply.rcode & 0x0f),
    2,
  )
  bytes.writeUInt16BE(question === undefined ? 0 : 1, 4)
  bytes.writeUInt16BE(reply.answers.length, 6)
  bytes.writeUInt16BE(reply.authorities.length, 8)
  bytes.writeUInt16BE(reply.additionals.length + (opt === undefined ? 0 : 1), 10)
  questionBytes.copy(bytes, headerBytes)
  let offset = headerBytes + questionBytes.length
  let known: Map<string, number> | undefined
  for (const section of sections) {
    for (const record of section) {
      // Most often it is the name that was asked for.
      if (record.name === question?.name) offset = bytes.writeUInt16BE(pointer | headerBytes, offset)
      else offset = writeName(bytes, record.name, offset, (known ??= namesOf(question)))
      bytes.writeUInt16BE(record.type, offset)
      bytes.writeUInt16BE(classes.IN, offset + 2)
      bytes.writeUInt32BE(record.ttlSeconds, offset + 4)
      bytes.writeUInt16BE(record.data.length, offset + 8)
      record.data.copy(bytes, offset + fixedBytes)
      offset += fixedBytes + record.data.length
    }
  }
  if (opt !== undefined) offset += opt.copy(bytes, offset)
  return bytes.subarray(0, offset)
}

/** Where the question's name and each end of it stand. */
function namesOf(question: Question | undefined): Map<string, number> {
  const known = new Map<string, number>()
  let rest = question?.name ?? ''
  let offset = headerBytes
  while (rest !== '') {
    known.set(rest, offset)
    offset += 1 + (question?.bytes[offset - headerBytes] ?? 0)
    const dot = rest.indexOf('.')
    rest = dot === -1 ? '' : rest.slice(dot + 1)
  }
  return known
}

/** Writes an owner name and answers with where it ends. */
function writeName(bytes: Buffer, name: string, start: number, known: Map<string, number>): number {
  let offset = start
  let rest = name
  while (rest !== '') {
    const place = known.get(rest)
    if (place !== undefined) return bytes.writeUInt16BE(pointer | place, offset)
    if (offset < pointedBytesMax) known.set(rest, offset)
    const dot = rest.indexOf('.')
    const label = dot === -1 ? rest : rest.slice(0, dot)
    bytes.writeUInt8(label.length, offset)
    offset += 1 + bytes.write(label, offset + 1, 'latin1')
    rest = dot === -1 ? '' : rest.slice(dot + 1)
  }
  return bytes.writeUInt8(0, offset)
}
