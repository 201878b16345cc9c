import { toDomString } from '../webidl.ts'

/**
 * https://fetch.spec.whatwg.org/#concept-header-list as it stands in a head: name, value, name, value, ... Names in lower case,
 * values byte strings without line feeds, repeated names repeated.
 */
export type HeaderList = string[]

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// oxlint-disable-next-line no-control-regex -- the range of a byte.
const outsideBytePattern = /[^\u0000-\u00ff]/
// oxlint-disable-next-line no-control-regex -- NUL is what may not be.
const outsideValuePattern = /[\u0000\r\n]/
const edgePattern = /^[\t\n\r ]|[\t\n\r ]$/
const edgesPattern = /^[\t\n\r ]+|[\t\n\r ]+$/g

/** https://webidl.spec.whatwg.org/#es-ByteString */
export function toByteString(value: unknown): string {
  const text = typeof value === 'string' ? value : toDomString(value)
  if (outsideBytePattern.test(text)) throw new TypeError('Header names and values may only have characters of one byte')
  return text
}

/** https://fetch.spec.whatwg.org/#header-name, in lower case. */
export function toHeaderName(value: unknown): string {
  const name = toByteString(value)
  if (!tokenPattern.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a header name`)
  return name.toLowerCase()
}

/** https://fetch.spec.whatwg.org/#concept-header-value-normalize and https://fetch.spec.whatwg.org/#header-value */
export function toHeaderValue(value: unknown): string {
  const text = toByteString(value)
  const normalized = edgePattern.test(text) ? text.replace(edgesPattern, '') : text
  if (outsideValuePattern.test(normalized)) throw new TypeError('A header value has a line break or NUL in it')
  return normalized
}

/** https://fetch.spec.whatwg.org/#http-token-code-point, one or more. */
export function isToken(text: string): boolean {
  return tokenPattern.test(text)
}

export function hasHeader(list: HeaderList, name: string): boolean {
  for (let index = 0; index < list.length; index += 2) {
    if (list[index] === name) return true
  }
  return false
}

/** https://fetch.spec.whatwg.org/#concept-header-list-get: values of one name, combined. */
export function getHeader(list: HeaderList, name: string): string | null {
  let combined: string | null = null
  for (let index = 0; index < list.length; index += 2) {
    if (list[index] !== name) continue
    const value = list[index + 1] ?? ''
    combined = combined === null ? value : `${combined}, ${value}`
  }
  return combined
}

export function getHeaderValues(list: HeaderList, name: string): string[] {
  const values: string[] = []
  for (let index = 0; index < list.length; index += 2) {
    if (list[index] === name) values.push(list[index + 1] ?? '')
  }
  return values
}

/** https://fetch.spec.whatwg.org/#concept-header-list-delete */
export function deleteHeader(list: HeaderList, name: string): void {
  let kept = 0
  for (let index = 0; index < list.length; index += 2) {
    const itsName = list[index] ?? ''
    if (itsName === name) continue
    list[kept] = itsName
    list[kept + 1] = list[index + 1] ?? ''
    kept += 2
  }
  list.length = kept
}

/** https://fetch.spec.whatwg.org/#concept-header-list-set: the first takes the value, the others go. */
export function setHeader(list: HeaderList, name: string, value: string): void {
  for (let index = 0; index < list.length; index += 2) {
    if (list[index] !== name) continue
    const rest = list.slice(index + 2)
    deleteHeader(rest, name)
    list.length = index
    list.push(name, value, ...rest)
    return
  }
  list.push(name, value)
}

/** https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine: `set-cookie` is never combined. */
export function sortAndCombine(list: HeaderList): [name: string, value: string][] {
  const combined = new Map<string, string>()
  const cookies: [string, string][] = []
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index] ?? ''
    const value = list[index + 1] ?? ''
    const before = combined.get(name)
    if (name === 'set-cookie') cookies.push([name, value])
    combined.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return [...combined].toSorted(([first], [second]) => (first < second ? -1 : 1)).flatMap((entry) => (entry[0] === 'set-cookie' ? cookies : [entry]))
}
