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
    const line = decodeUtf8(bytes.slice(position, feed)).trimEnd()
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

/** https://www.rfc-editor.org/rfc/rfc7578#section-4.2; quotes come as `%22` (browsers) or `\"` (others). */
function parseDisposition(value: string): Disposition {
  const [type] = value.split(';', 1)
  if (type?.trim().toLowerCase() !== 'form-data') throw malformed('the Content-Disposition of a part is not form-data')
  const parameters = new Map<string, string>()
  for (const match of value.matchAll(/;\s*([^\s"=;]+)\s*=\s*(?:"((?:\\"|[^"])*)"|([^\s";]*))/g)) {
    const [, name = '', quoted, token = ''] = match
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), unescapeName(quoted ?? token))
  }
  const name = parameters.get('name')
  if (name === undefined) throw malformed('a part has no name')
  return { name, filename: parameters.get('filename') }
}

/** Only what browsers escape: a percent sign otherwise stands for itself. */
function unescapeName(text: string): string {
  return text.replaceAll(/\\"|%22|%0D|%0A/gi, (match) => (match === '%0A' || match === '%0a' ? '\n' : match.toUpperCase() === '%0D' ? '\r' : '"'))
}

function malformed(problem: string): TypeError {
  return new TypeError(`The multipart body is malformed: ${problem}`)
}
