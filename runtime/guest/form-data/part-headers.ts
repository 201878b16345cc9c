import { decodeUtf8 } from '../encoding/index.ts'

export interface PartHeaders {
  readonly name: string
  readonly filename: string | undefined
  readonly contentType: string
  /** Position of the first byte of the content. */
  readonly end: number
}

const lineFeed = 0x0a
const maximumLineBytes = 16 * 1024
const maximumLines = 32

/** The header lines of a part of multipart/form-data, from `start` to the empty line. Throws a TypeError. */
export function parsePartHeaders(bytes: Uint8Array, start: number): PartHeaders {
  let position = start
  let disposition: Disposition | undefined
  let contentType = 'text/plain'
  for (let lines = 0; lines < maximumLines; lines += 1) {
    const feed = bytes.indexOf(lineFeed, position)
    if (feed < 0 || feed - position > maximumLineBytes) throw malformed('the headers of a part do not end')
    const line = decodeUtf8(bytes.subarray(position, feed)).trimEnd()
    position = feed + 1
    if (line === '') {
      if (disposition === undefined) throw malformed('a part has no Content-Disposition with a name')
      return { ...disposition, contentType, end: position }
    }
    const colon = line.indexOf(':')
    if (colon <= 0) throw malformed('a part has a line that is no header')
    const name = line.slice(0, colon).trim().toLowerCase()
    if (name === 'content-disposition') disposition = parseDisposition(line.slice(colon + 1))
    if (name === 'content-type') contentType = line.slice(colon + 1).trim()
  }
  throw malformed('a part has too many headers')
}

interface Disposition {
  readonly name: string
  readonly filename: string | undefined
}

/** https://www.rfc-editor.org/rfc/rfc7578#section-4.2: the type, then `; name=value` over and over. Linear in the length of the value. */
function parseDisposition(value: string): Disposition {
  const parameters = new Map<string, string>()
  let position = endOfToken(value, 0)
  if (value.slice(0, position).trim().toLowerCase() !== 'form-data') throw malformed('the Content-Disposition of a part is not form-data')
  while (position < value.length) {
    const equals = value.indexOf('=', position)
    if (equals < 0) break
    const name = value.slice(position + 1, equals).trim().toLowerCase()
    position = equals + 1
    while (value[position] === ' ' || value[position] === '\t') position += 1
    const isQuoted = value[position] === '"'
    const end = isQuoted ? endOfQuoted(value, position + 1) : endOfToken(value, position)
    const text = isQuoted ? unescapeName(value.slice(position + 1, end)) : value.slice(position, end).trim()
    if (!parameters.has(name)) parameters.set(name, text)
    position = isQuoted ? endOfToken(value, end) : end
  }
  const name = parameters.get('name')
  if (name === undefined) throw malformed('a part has no name')
  return { name, filename: parameters.get('filename') }
}

/** Position of the next semicolon, or the end. */
function endOfToken(value: string, start: number): number {
  const end = value.indexOf(';', start)
  return end < 0 ? value.length : end
}

/** Position of the quotation mark that ends what begins at `start`. Some write quotation marks inside as `\"`. */
function endOfQuoted(value: string, start: number): number {
  let end = value.indexOf('"', start)
  while (end > start && value[end - 1] === '\\' && value.includes('"', end + 1)) end = value.indexOf('"', end + 1)
  if (end < 0) throw malformed('a quoted value does not end')
  return end
}

/** Only what browsers escape, and `\"` of others: a percent sign otherwise stands for itself. */
function unescapeName(text: string): string {
  return text.replaceAll(/\\"|%22|%0D|%0A/gi, (match) => (match.toUpperCase() === '%0A' ? '\n' : match.toUpperCase() === '%0D' ? '\r' : '"'))
}

function malformed(problem: string): TypeError {
  return new TypeError(`The multipart body is malformed: ${problem}`)
}
