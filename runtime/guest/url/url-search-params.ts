import { iteratorFactory } from '../iterators.ts'
import { requireArguments, toUsvString } from '../webidl.ts'
import { type Pair, parseFormUrlencoded, serializeFormUrlencoded } from './form-urlencoded.ts'

interface Access {
  link?: (params: URLSearchParams, onUpdate: () => void) => void
  replace?: (params: URLSearchParams, query: string) => void
  pairAt?: (params: URLSearchParams, index: number) => Pair | undefined
}
const access: Access = {}
const iterate = iteratorFactory('URLSearchParams Iterator', (params: URLSearchParams, index) => access.pairAt?.(params, index))

/** https://url.spec.whatwg.org/#interface-urlsearchparams */
export class URLSearchParams {
  #pairs: Pair[] = []
  #onUpdate: (() => void) | undefined

  constructor(init: unknown = '') {
    if ((typeof init === 'object' && init !== null) || typeof init === 'function') {
      this.#pairs = pairsFrom(init)
    } else {
      const text = toUsvString(init)
      this.#pairs = parseFormUrlencoded(text.startsWith('?') ? text.slice(1) : text)
    }
  }

  get size(): number {
    return this.#pairs.length
  }

  append(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'append')
    this.#pairs.push([toUsvString(name), toUsvString(value)])
    this.#onUpdate?.()
  }

  delete(name: unknown, value: unknown = undefined): void {
    requireArguments(arguments.length, 1, 'delete')
    const matches = matcher(name, value)
    this.#pairs = this.#pairs.filter((pair) => !matches(pair))
    this.#onUpdate?.()
  }

  get(name: unknown): string | null {
    requireArguments(arguments.length, 1, 'get')
    return this.#pairs.find(matcher(name))?.[1] ?? null
  }

  getAll(name: unknown): string[] {
    requireArguments(arguments.length, 1, 'getAll')
    return this.#pairs.filter(matcher(name)).map((pair) => pair[1])
  }

  has(name: unknown, value: unknown = undefined): boolean {
    requireArguments(arguments.length, 1, 'has')
    return this.#pairs.some(matcher(name, value))
  }

  /** https://url.spec.whatwg.org/#dom-urlsearchparams-set */
  set(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'set')
    const matches = matcher(name)
    const text = toUsvString(value)
    const first = this.#pairs.findIndex(matches)
    if (first < 0) {
      this.#pairs.push([toUsvString(name), text])
    } else {
      this.#pairs = this.#pairs.filter((pair, index) => index <= first || !matches(pair))
      this.#pairs[first] = [toUsvString(name), text]
    }
    this.#onUpdate?.()
  }

  sort(): void {
    // By code units, stable.
    this.#pairs.sort(([first], [second]) => (first < second ? -1 : first > second ? 1 : 0))
    this.#onUpdate?.()
  }

  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArgument: unknown = undefined): void {
    if (typeof callback !== 'function') throw new TypeError('forEach takes a function')
    for (let index = 0; index < this.#pairs.length; index++) {
      const [name, value] = this.#pairs[index] as Pair
      Reflect.apply(callback, thisArgument, [value, name, this])
    }
  }

  keys(): IterableIterator<string> {
    return iterate(brand(this), 'keys') as IterableIterator<string>
  }
  values(): IterableIterator<string> {
    return iterate(brand(this), 'values') as IterableIterator<string>
  }
  entries(): IterableIterator<[string, string]> {
    return iterate(brand(this), 'entries') as IterableIterator<[string, string]>
  }
  declare [Symbol.iterator]: () => IterableIterator<[string, string]>

  toString(): string {
    return serializeFormUrlencoded(this.#pairs)
  }

  static {
    // The same function object as `entries`, as WebIDL has it.
    // oxlint-disable-next-line typescript/unbound-method -- moved from one property of the prototype to another
    Object.defineProperty(this.prototype, Symbol.iterator, { value: this.prototype.entries, writable: true, configurable: true })
    access.link = (params, onUpdate) => {
      params.#onUpdate = onUpdate
    }
    access.replace = (params, query) => {
      params.#pairs = parseFormUrlencoded(query)
    }
    access.pairAt = (params, index) => params.#pairs[index]
  }
}

function brand(params: URLSearchParams): URLSearchParams {
  access.pairAt?.(params, 0)
  return params
}

function matcher(name: unknown, value?: unknown): (pair: Pair) => boolean {
  const wantedName = toUsvString(name)
  if (value === undefined) return (pair) => pair[0] === wantedName
  const wantedValue = toUsvString(value)
  return (pair) => pair[0] === wantedName && pair[1] === wantedValue
}

/** https://url.spec.whatwg.org/#urlsearchparams-initialize, for a sequence of pairs or a record. */
function pairsFrom(init: object): Pair[] {
  const iterator = (init as Partial<Iterable<unknown>>)[Symbol.iterator]
  if (iterator === undefined || iterator === null) {
    const record = new Map<string, string>()
    for (const key of Reflect.ownKeys(init)) {
      if (Reflect.getOwnPropertyDescriptor(init, key)?.enumerable !== true) continue
      record.set(toUsvString(key), toUsvString((init as Record<PropertyKey, unknown>)[key]))
    }
    return [...record]
  }
  if (typeof iterator !== 'function') throw new TypeError('the value is not iterable')
  return Array.from(init as Iterable<unknown>, (entry) => {
    if (typeof entry !== 'object' || entry === null) throw new TypeError('each pair must be a sequence of name and value')
    const pair = [...(entry as Iterable<unknown>)]
    if (pair.length !== 2) throw new TypeError('each pair must have a name and a value')
    return [toUsvString(pair[0]), toUsvString(pair[1])]
  })
}

/** Makes `params` the query of a URL: `onUpdate` runs after each change that user code makes. */
export function linkSearchParams(params: URLSearchParams, onUpdate: () => void): void {
  access.link?.(params, onUpdate)
}

/** The URL's query changed: takes it over, without an update back. */
export function replaceSearchParams(params: URLSearchParams, query: string): void {
  access.replace?.(params, query)
}
