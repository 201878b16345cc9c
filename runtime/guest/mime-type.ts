/** https://mimesniff.spec.whatwg.org/: parsing and serialising of MIME types, and finding the one of a header. */

export interface MimeType {
  /** `type/subtype`, in lower case. */
  readonly essence: string
  /** By name in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// oxlint-disable-next-line no-control-regex -- a tab may be in a value.
const quotedPattern = /^[\t -~\u0080-\u00ff]*$/
const edgesPattern = /^[\t\n\r ]+|[\t\n\r ]+$/g
const trailingPattern = /[\t\n\r ]+$/

/** https://mimesniff.spec.whatwg.org/#parse-a-mime-type; undefined for what is none. */
export function parseMimeType(input: string): MimeType | undefined {
  const text = input.replace(edgesPattern, '')
  const end = text.indexOf(';')
  const essence = (end < 0 ? text : text.slice(0, end)).replace(trailingPattern, '')
  const slash = essence.indexOf('/')
  if (slash < 0 || !tokenPattern.test(essence.slice(0, slash)) || !tokenPattern.test(essence.slice(slash + 1))) return undefined
  return { essence: essence.toLowerCase(), parameters: end < 0 ? new Map() : parseParameters(text, end) }
}

/** https://mimesniff.spec.whatwg.org/#serialize-a-mime-type */
export function serializeMimeType({ essence, parameters }: MimeType): string {
  let text = essence
  for (const [name, value] of parameters) {
    text += `;${name}=${tokenPattern.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`}`
  }
  return text
}

/** https://fetch.spec.whatwg.org/#concept-header-extract-mime-type, of a combined `Content-Type`; undefined where it has none. */
export function extractMimeType(header: string | null): MimeType | undefined {
  if (header === null) return undefined
  let found: MimeType | undefined
  let charset: string | undefined
  for (const value of splitHeader(header)) {
    const parsed = parseMimeType(value)
    if (parsed === undefined || parsed.essence === '*/*') continue
    const own = parsed.parameters.get('charset')
    if (parsed.essence !== found?.essence) charset = own
    else if (own !== undefined) charset = own
    found = own === undefined && charset !== undefined ? { ...parsed, parameters: new Map([...parsed.parameters, ['charset', charset]]) } : parsed
  }
  return found
}

/** `;name=value` over and over, from the first semicolon; what is malformed is left out. */
function parseParameters(text: string, start: number): Map<string, string> {
  const parameters = new Map<string, string>()
  let position = start
  while (position < text.length) {
    position += 1
    while (/[\t\n\r ]/.test(text.charAt(position))) position += 1
    const nameStart = position
    while (position < text.length && text[position] !== ';' && text[position] !== '=') position += 1
    const name = text.slice(nameStart, position).toLowerCase()
    if (text[position] !== '=') continue
    position += 1
    let value: string
    if (text[position] === '"') {
      ;[value, position] = readQuoted(text, position)
      while (position < text.length && text[position] !== ';') position += 1
    } else {
      const valueStart = position
      while (position < text.length && text[position] !== ';') position += 1
      value = text.slice(valueStart, position).replace(trailingPattern, '')
      if (value === '') continue
    }
    if (tokenPattern.test(name) && quotedPattern.test(value) && !parameters.has(name)) parameters.set(name, value)
  }
  return parameters
}

/** https://fetch.spec.whatwg.org/#collect-an-http-quoted-string; answers with the value and the position behind it. */
function readQuoted(text: string, start: number): [value: string, end: number] {
  let value = ''
  let position = start + 1
  while (position < text.length && text[position] !== '"') {
    if (text[position] === '\\' && position + 1 < text.length) position += 1
    value += text.charAt(position)
    position += 1
  }
  return [value, position + 1]
}

/** https://fetch.spec.whatwg.org/#header-value-get-decode-and-split: at commas outside of quotes. */
function splitHeader(header: string): string[] {
  const values: string[] = []
  let start = 0
  let position = 0
  while (position < header.length) {
    if (header[position] === '"') {
      position = readQuoted(header, position)[1]
      continue
    }
    if (header[position] === ',') {
      values.push(header.slice(start, position))
      start = position + 1
    }
    position += 1
  }
  return [...values, header.slice(start)]
}
