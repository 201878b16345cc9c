import { AbortSignal } from '../events/index.ts'
import { toDictionary, toDomString, toUsvString } from '../webidl.ts'

/** https://fetch.spec.whatwg.org/#requestinit after its conversion. `body` and `headers` stand as they were given. */
export interface RequestInit {
  readonly body: unknown
  readonly cache: string | undefined
  readonly credentials: string | undefined
  readonly headers: unknown
  readonly integrity: string | undefined
  readonly keepalive: boolean | undefined
  readonly method: string | undefined
  readonly mode: string | undefined
  readonly redirect: string | undefined
  readonly referrer: string | undefined
  readonly referrerPolicy: string | undefined
  /** Null asks for none. */
  readonly signal: AbortSignal | null | undefined
  /** Whether it says anything at all. */
  readonly isEmpty: boolean
}

const enumerations = {
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  credentials: ['omit', 'same-origin', 'include'],
  duplex: ['half'],
  mode: ['same-origin', 'no-cors', 'cors'],
  priority: ['high', 'low', 'auto'],
  redirect: ['follow', 'manual', 'error'],
  referrerPolicy: [
    '', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin', 'origin-when-cross-origin',
    'strict-origin-when-cross-origin', 'unsafe-url',
  ],
} as const

const members = [
  'body', 'cache', 'credentials', 'duplex', 'headers', 'integrity', 'keepalive', 'method', 'mode', 'priority', 'redirect', 'referrer',
  'referrerPolicy', 'signal', 'window',
] as const
type Member = (typeof members)[number]

/** Reads each member once, in the order of WebIDL. Throws a TypeError. */
export function readRequestInit(value: unknown): RequestInit {
  if (value === undefined) return noMembers
  const given = toDictionary(value, 'RequestInit')
  const init: Partial<Record<Member, unknown>> = {}
  for (const member of members) {
    const item = given[member]
    if (item !== undefined) init[member] = convert(member, item)
  }
  if (init.window !== undefined && init.window !== null) throw new TypeError('window can only be null')
  return { ...noMembers, ...(init as Partial<RequestInit>), isEmpty: Object.keys(init).length === 0 }
}

const noMembers: RequestInit = {
  body: undefined, cache: undefined, credentials: undefined, headers: undefined, integrity: undefined, keepalive: undefined, method: undefined,
  mode: undefined, redirect: undefined, referrer: undefined, referrerPolicy: undefined, signal: undefined, isEmpty: true,
}

function convert(member: Member, value: unknown): unknown {
  switch (member) {
    case 'body':
    case 'headers':
    case 'window':
      return value
    case 'integrity': return toDomString(value)
    case 'method': return toDomString(value)
    case 'referrer': return toUsvString(value)
    case 'keepalive': return Boolean(value)
    case 'signal':
      if (value !== null && !(value instanceof AbortSignal)) throw new TypeError('signal is not an AbortSignal')
      return value
    default: return toEnumeration(member, value)
  }
}

/** https://webidl.spec.whatwg.org/#js-enumeration */
function toEnumeration(name: keyof typeof enumerations, value: unknown): string {
  const text = toDomString(value)
  if (!(enumerations[name] as readonly string[]).includes(text)) throw new TypeError(`${JSON.stringify(text)} is not a value of ${name}`)
  return text
}
