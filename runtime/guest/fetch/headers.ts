import { iteratorFactory } from '../iterators.ts'
import { requireArguments, shapeInterface } from '../webidl.ts'
import { createSequence, isObject, iteratorMethod, toRecord, toSequence } from '../webidl/sequences.ts'
import {
  deleteHeader,
  getHeader,
  getHeaderValues,
  hasHeader,
  type HeaderList,
  setHeader,
  sortAndCombine,
  toByteString,
  toHeaderName,
  toHeaderValue,
} from './header-list.ts'

/** https://fetch.spec.whatwg.org/#concept-headers-guard. A server has no forbidden names, so only `immutable` matters. */
export type HeadersGuard = 'none' | 'immutable'

/** Given to the constructor, it stands for a list that is already there; user code can not get at it. */
const seed: { list: HeaderList; guard: HeadersGuard } = { list: [], guard: 'none' }

interface Access {
  list?: (value: unknown) => HeaderList | undefined
  sorted?: (headers: Headers) => readonly [string, string][]
}
const access: Access = {}
const iterate = iteratorFactory('Headers Iterator', (headers: Headers, index) => access.sorted?.(headers)[index])

/** https://fetch.spec.whatwg.org/#headers-class */
export class Headers {
  readonly #list: HeaderList
  readonly #guard: HeadersGuard
  #sorted: [string, string][] | undefined

  /** https://fetch.spec.whatwg.org/#dom-headers */
  constructor(init: unknown = undefined) {
    if (init === seed) {
      this.#list = seed.list
      this.#guard = seed.guard
      return
    }
    this.#list = []
    this.#guard = 'none'
    if (init !== undefined) fillHeaders(this.#list, init)
  }

  /** https://fetch.spec.whatwg.org/#dom-headers-append */
  append(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'Headers.append')
    const [itsName, itsValue] = [toHeaderName(name), toHeaderValue(value)]
    this.#beforeChange()
    this.#list.push(itsName, itsValue)
  }

  /** https://fetch.spec.whatwg.org/#dom-headers-delete */
  delete(name: unknown): void {
    requireArguments(arguments.length, 1, 'Headers.delete')
    const itsName = toHeaderName(name)
    this.#beforeChange()
    deleteHeader(this.#list, itsName)
  }

  /** https://fetch.spec.whatwg.org/#dom-headers-get */
  get(name: unknown): string | null {
    requireArguments(arguments.length, 1, 'Headers.get')
    return getHeader(this.#list, toHeaderName(name))
  }

  /** https://fetch.spec.whatwg.org/#dom-headers-getsetcookie */
  getSetCookie(): string[] {
    return getHeaderValues(this.#list, 'set-cookie')
  }

  /** https://fetch.spec.whatwg.org/#dom-headers-has */
  has(name: unknown): boolean {
    requireArguments(arguments.length, 1, 'Headers.has')
    return hasHeader(this.#list, toHeaderName(name))
  }

  /** https://fetch.spec.whatwg.org/#dom-headers-set */
  set(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'Headers.set')
    const [itsName, itsValue] = [toHeaderName(name), toHeaderValue(value)]
    this.#beforeChange()
    setHeader(this.#list, itsName, itsValue)
  }

  entries(): IterableIterator<[string, string]> {
    return iterate(requireHeaders(this), 'entries') as IterableIterator<[string, string]>
  }
  keys(): IterableIterator<string> {
    return iterate(requireHeaders(this), 'keys') as IterableIterator<string>
  }
  values(): IterableIterator<string> {
    return iterate(requireHeaders(this), 'values') as IterableIterator<string>
  }
  forEach(callback: unknown, receiver: unknown = undefined): void {
    requireArguments(arguments.length, 1, 'Headers.forEach')
    requireHeaders(this)
    if (typeof callback !== 'function') throw new TypeError('Headers.forEach takes a function')
    for (let index = 0; ; index += 1) {
      const pair = access.sorted?.(this)[index]
      if (pair === undefined) return
      Reflect.apply(callback, receiver, [pair[1], pair[0], this])
    }
  }

  #beforeChange(): void {
    if (this.#guard === 'immutable') throw new TypeError('These headers are immutable: copy them with new Headers(headers) first')
    this.#sorted = undefined
  }

  declare readonly [Symbol.iterator]: () => IterableIterator<[string, string]>

  static {
    access.list = (value) => (typeof value === 'object' && value !== null && #list in value ? value.#list : undefined)
    access.sorted = (headers) => {
      headers.#sorted ??= sortAndCombine(headers.#list)
      return headers.#sorted
    }
  }
}

// oxlint-disable-next-line typescript/unbound-method -- the same function under both names, as WebIDL asks.
const originalEntries: () => unknown = Headers.prototype.entries
shapeInterface(Headers, 'Headers')
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: originalEntries, writable: true, enumerable: false, configurable: true })

function requireHeaders(value: Headers): Headers {
  if (headerListOf(value) === undefined) throw new TypeError('Illegal invocation')
  return value
}

/** The list behind a Headers object, not a copy; undefined where the value is none. */
export function headerListOf(value: unknown): HeaderList | undefined {
  return access.list?.(value)
}

/** A Headers object over `list`, which it takes over. */
export function createHeaders(list: HeaderList, guard: HeadersGuard): Headers {
  seed.list = list
  seed.guard = guard
  return new Headers(seed)
}

/** https://fetch.spec.whatwg.org/#concept-headers-fill, with the conversion to `HeadersInit` before it. Throws a TypeError. */
export function fillHeaders(list: HeaderList, init: unknown): void {
  if (!isObject(init)) throw new TypeError('Headers are initialised from an object, a list of pairs or Headers')
  const method = iteratorMethod(init)
  if (method === undefined) {
    for (const [name, value] of toRecord(init, toByteString, toByteString)) list.push(toHeaderName(name), toHeaderValue(value))
    return
  }
  const source = method === originalEntries ? headerListOf(init) : undefined
  if (source !== undefined) {
    for (const part of source) list.push(part)
    return
  }
  for (const pair of createSequence(init, method, 'the list of headers', (item) => toSequence(item, 'a header', toByteString))) {
    const [name, value] = pair
    if (pair.length !== 2) throw new TypeError('Each header is a pair of name and value')
    list.push(toHeaderName(name), toHeaderValue(value))
  }
}
