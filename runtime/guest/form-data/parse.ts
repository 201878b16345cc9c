import { blobFromBytes, fileFromBlob } from '../blob/index.ts'
import { encodeUtf8, TextDecoder } from '../encoding/index.ts'
import { extractMimeType, type MimeType } from '../mime-type.ts'
import { parseFormUrlencoded } from '../url/index.ts'
import { FormData, formDataEntries, type FormDataEntry } from './form-data.ts'
import { parsePartHeaders } from './part-headers.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d
const hyphen = 0x2d

/** Text as it stands: a byte order mark is a character. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * A body as a form, by its Content-Type. Takes the bytes over. Throws a TypeError where the type is none of a form or the body is malformed.
 * https://fetch.spec.whatwg.org/#dom-body-formdata
 */
export function parseFormData(bytes: Uint8Array<ArrayBuffer>, contentType: string | null): FormData {
  const mimeType = extractMimeType(contentType)
  const form = new FormData()
  const entries = formDataEntries(form)
  switch (mimeType?.essence) {
    case 'multipart/form-data':
      parseMultipart(bytes, boundaryOf(mimeType), entries)
      return form
    case 'application/x-www-form-urlencoded':
      for (const pair of parseFormUrlencoded(decoder.decode(bytes))) entries.push(pair)
      return form
    default:
      throw new TypeError(`The body is no form: its Content-Type is ${mimeType === undefined ? 'missing or malformed' : mimeType.essence}`)
  }
}

function boundaryOf({ parameters }: MimeType): string {
  const boundary = parameters.get('boundary') ?? ''
  // https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
  if (boundary === '' || boundary.length > 70) throw new TypeError('The Content-Type names no valid boundary')
  return boundary
}

/** https://fetch.spec.whatwg.org/#multipart-form-data-parser and https://www.rfc-editor.org/rfc/rfc7578 */
function parseMultipart(bytes: Uint8Array<ArrayBuffer>, boundary: string, entries: FormDataEntry[]): void {
  const opening = encodeUtf8(`--${boundary}`)
  const delimiter = encodeUtf8(`\r\n--${boundary}`)
  let position = matches(bytes, opening, 0) ? opening.length : endOf(bytes, delimiter, 0, 'the boundary is missing')
  while (bytes[position] !== hyphen || bytes[position + 1] !== hyphen) {
    position = skipPadding(bytes, position)
    if (bytes[position] !== carriageReturn || bytes[position + 1] !== lineFeed) throw malformed('a boundary has no line of its own')
    const { name, filename, contentType, end } = parsePartHeaders(bytes, position + 2)
    const next = endOf(bytes, delimiter, end, 'a part does not end')
    const content = bytes.subarray(end, next - delimiter.length)
    entries.push([name, filename === undefined ? decoder.decode(content) : fileFromBlob(blobFromBytes(content, contentType), filename)])
    position = next
  }
}

function skipPadding(bytes: Uint8Array, start: number): number {
  let position = start
  while (bytes[position] === 0x20 || bytes[position] === 0x09) position += 1
  return position
}

function matches(bytes: Uint8Array, pattern: Uint8Array, position: number): boolean {
  for (let index = 0; index < pattern.length; index += 1) {
    if (bytes[position + index] !== pattern[index]) return false
  }
  return true
}

/** Position behind the next occurrence of the delimiter. */
function endOf(bytes: Uint8Array, delimiter: Uint8Array, start: number, problem: string): number {
  let position = bytes.indexOf(carriageReturn, start)
  while (position >= 0) {
    if (matches(bytes, delimiter, position)) return position + delimiter.length
    position = bytes.indexOf(carriageReturn, position + 1)
  }
  throw malformed(problem)
}

function malformed(problem: string): TypeError {
  return new TypeError(`The multipart body is malformed: ${problem}`)
}
