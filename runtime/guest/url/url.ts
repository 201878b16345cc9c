import { HostOperation } from '../../bridge/index.ts'
import { callHost } from '../host.ts'
import { requireArguments, toUsvString } from '../webidl.ts'
import { linkSearchParams, replaceSearchParams, URLSearchParams } from './url-search-params.ts'

/** Where each part stands in what the host answers: parts joined by line feeds. */
const part = {
  href: 0, origin: 1, protocol: 2, username: 3, password: 4, hostname: 5, port: 6, pathname: 7, search: 8, hash: 9,
} as const

function parse(input: unknown, base: unknown): string | undefined {
  const baseText = base === undefined ? undefined : toUsvString(base)
  return callHost(HostOperation.urlParse, 0, toUsvString(input), baseText) as string | undefined
}

/** https://url.spec.whatwg.org/#url-class. The host parses; the parts are kept here and split when first asked for. */
export class URL {
  #joined: string
  #parts: readonly string[] | undefined
  #searchParams: URLSearchParams | undefined
  /** The parameters were changed, and the URL not yet: many changes are one when somebody looks. */
  #isStale = false

  constructor(input: unknown, base: unknown = undefined) {
    requireArguments(arguments.length, 1, 'URL')
    const joined = parse(input, base)
    if (joined === undefined) {
      throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: toUsvString(input) })
    }
    this.#joined = joined
  }

  static canParse(input: unknown, base: unknown = undefined): boolean {
    requireArguments(arguments.length, 1, 'URL.canParse')
    return parse(input, base) !== undefined
  }

  static parse(input: unknown, base: unknown = undefined): URL | null {
    requireArguments(arguments.length, 1, 'URL.parse')
    try {
      return new URL(input, base)
    } catch (thrown) {
      if (thrown instanceof TypeError && 'code' in thrown) return null
      throw thrown
    }
  }

  get href(): string {
    return this.#href
  }
  set href(value: unknown) {
    if (!this.#set('href', value)) throw new TypeError('Invalid URL')
  }
  get origin(): string {
    return this.#part(part.origin)
  }
  get protocol(): string {
    return this.#part(part.protocol)
  }
  set protocol(value: unknown) {
    this.#set('protocol', value)
  }
  get username(): string {
    return this.#part(part.username)
  }
  set username(value: unknown) {
    this.#set('username', value)
  }
  get password(): string {
    return this.#part(part.password)
  }
  set password(value: unknown) {
    this.#set('password', value)
  }
  get host(): string {
    const port = this.#part(part.port)
    return port === '' ? this.#part(part.hostname) : `${this.#part(part.hostname)}:${port}`
  }
  set host(value: unknown) {
    this.#set('host', value)
  }
  get hostname(): string {
    return this.#part(part.hostname)
  }
  set hostname(value: unknown) {
    this.#set('hostname', value)
  }
  get port(): string {
    return this.#part(part.port)
  }
  set port(value: unknown) {
    this.#set('port', value)
  }
  get pathname(): string {
    return this.#part(part.pathname)
  }
  set pathname(value: unknown) {
    this.#set('pathname', value)
  }
  get search(): string {
    return this.#part(part.search)
  }
  set search(value: unknown) {
    this.#set('search', value)
  }
  get hash(): string {
    return this.#part(part.hash)
  }
  set hash(value: unknown) {
    this.#set('hash', value)
  }

  get searchParams(): URLSearchParams {
    if (this.#searchParams === undefined) {
      const params = new URLSearchParams(this.search)
      linkSearchParams(params, () => {
        this.#isStale = true
      })
      this.#searchParams = params
    }
    return this.#searchParams
  }

  // By the private field, so that what is no URL is refused.
  toString(): string {
    return this.#href
  }
  toJSON(): string {
    return this.#href
  }

  get #href(): string {
    this.#update()
    return this.#joined.slice(0, this.#joined.indexOf('\n'))
  }

  #part(index: number): string {
    this.#update()
    this.#parts ??= this.#joined.split('\n')
    return this.#parts[index] as string
  }

  #set(property: string, value: unknown): boolean {
    const done = this.#take(property, toUsvString(value))
    if (done && this.#searchParams !== undefined && (property === 'search' || property === 'href')) {
      replaceSearchParams(this.#searchParams, this.search.slice(1))
    }
    return done
  }

  /** https://url.spec.whatwg.org/#urlsearchparams-update */
  #update(): void {
    if (!this.#isStale) return
    this.#isStale = false
    this.#take('search', this.#searchParams?.toString() ?? '')
  }

  #take(property: string, value: string): boolean {
    const joined = callHost(HostOperation.urlSet, 0, this.#href, property, value) as string | undefined
    if (joined === undefined) return false
    this.#joined = joined
    this.#parts = undefined
    return true
  }
}
