/**
 * URL operations for code inside isolates, by Node's own parser (https://url.spec.whatwg.org/). Pure; they never throw.
 *
 * A URL crosses as its parts joined by line feeds, which no serialized part contains:
 * href, origin, protocol, username, password, hostname, port, pathname, search, hash.
 */

const settable = new Set([
  'href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash',
] as const)
type SettableProperty = 'href' | 'protocol' | 'username' | 'password' | 'host' | 'hostname' | 'port' | 'pathname' | 'search' | 'hash'

function isSettable(property: string): property is SettableProperty {
  return (settable as ReadonlySet<string>).has(property)
}

function serialize(url: URL): string {
  const { href, origin, protocol, username, password, hostname, port, pathname, search, hash } = url
  return `${href}\n${origin}\n${protocol}\n${username}\n${password}\n${hostname}\n${port}\n${pathname}\n${search}\n${hash}`
}

/** The parts of `input` resolved against `base`, or undefined where it does not parse. */
function urlParse(input: string, base?: string): string | undefined {
  try {
    const url = URL.parse(input, base)
    return url === null ? undefined : serialize(url)
  } catch {
    return undefined
  }
}

/** The parts after `property` of `href` was set as the URL's setter does it, or undefined where href or property is none. */
function urlSet(href: string, property: string, value: string): string | undefined {
  if (!isSettable(property)) return undefined
  try {
    const url = new URL(href)
    url[property] = value
    return serialize(url)
  } catch {
    return undefined
  }
}

export const urlOperations = { urlParse, urlSet } as const
