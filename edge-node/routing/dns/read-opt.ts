import type { EdnsOption, OptRecord } from './edns.ts'
import { types } from './numbers.ts'

const labelBytesMax = 63
const pointerBits = 0xc0
const fixedBytes = 10
const optionHeadBytes = 4

/**
 * Finds the OPT record among the records that follow a question; undefined where there is none. Malformed is what is cut off, goes on behind the last
 * record, has two OPT records, or one that is not the root's. Others are passed over, whatever they say.
 */
export function readOpt(message: Buffer, start: number, records: number): OptRecord | undefined | 'malformed' {
  let offset = start
  let found: OptRecord | undefined
  for (let index = 0; index < records; index += 1) {
    const fixed = skipName(message, offset)
    if (fixed === undefined || fixed + fixedBytes > message.length) return 'malformed'
    const data = fixed + fixedBytes
    const end = data + message.readUInt16BE(fixed + 8)
    if (end > message.length) return 'malformed'
    if (message.readUInt16BE(fixed) === types.OPT) {
      const options = readOptions(message, data, end)
      if (found !== undefined || fixed !== offset + 1 || options === undefined) return 'malformed'
      found = { udpPayloadSize: message.readUInt16BE(fixed + 2), version: message.readUInt8(fixed + 5), flags: message.readUInt16BE(fixed + 6), options }
    }
    offset = end
  }
  return offset === message.length ? found : 'malformed'
}

/** Where a name ends. A pointer ends it, wherever it leads: nobody goes there. */
function skipName(message: Buffer, start: number): number | undefined {
  let offset = start
  for (;;) {
    const length = message[offset]
    if (length === undefined) return undefined
    if (length === 0) return offset + 1
    if ((length & pointerBits) === pointerBits) return offset + 2
    if (length > labelBytesMax) return undefined
    offset += 1 + length
  }
}

/** Undefined where a length leads past the record's end. */
function readOptions(message: Buffer, start: number, end: number): EdnsOption[] | undefined {
  const options: EdnsOption[] = []
  for (let offset = start; offset < end;) {
    if (offset + optionHeadBytes > end) return undefined
    const next = offset + optionHeadBytes + message.readUInt16BE(offset + 2)
    if (next > end) return undefined
    options.push({ code: message.readUInt16BE(offset), data: message.subarray(offset + optionHeadBytes, next) })
    offset = next
  }
  return options
}
