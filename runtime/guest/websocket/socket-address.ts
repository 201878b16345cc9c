import { DOMException } from '../dom-exception.ts'
import { parseRelativeUrl, type URL } from '../url/index.ts'
import { toDomString, toUsvString } from '../webidl.ts'

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** https://websockets.spec.whatwg.org/#get-a-url-record: serialised. Throws a SyntaxError. */
export function parseSocketUrl(input: unknown): string {
  const { protocol, href } = parseUrl(toUsvString(input))
  // 3. If urlRecord's scheme is "http", set it to "ws"; if it is "https", to "wss".
  const address = protocol === 'http:' || protocol === 'https:' ? `ws${href.slice(4)}` : href
  if (!address.startsWith('ws:') && !address.startsWith('wss:')) {
    throw new DOMException(`A WebSocket is opened by a ws or wss URL, not by ${protocol}`, 'SyntaxError')
  }
  // A fragment that is empty is one as well.
  if (address.includes('#')) throw new DOMException('The URL of a WebSocket has no fragment', 'SyntaxError')
  return address
}

function parseUrl(text: string): URL {
  try {
    return parseRelativeUrl(text)
  } catch {
    throw new DOMException('The URL of the WebSocket is not valid', 'SyntaxError')
  }
}

/** The subprotocols that a constructor was given, `(DOMString or sequence<DOMString>)`. Throws a SyntaxError. */
export function parseProtocols(value: unknown): readonly string[] {
  const protocols = toList(value)
  const seen = new Set<string>()
  for (const protocol of protocols) {
    const lower = protocol.toLowerCase()
    if (!tokenPattern.test(protocol) || seen.has(lower)) {
      throw new DOMException(`${JSON.stringify(protocol)} is no subprotocol, or is named twice`, 'SyntaxError')
    }
    seen.add(lower)
  }
  return protocols
}

function toList(value: unknown): readonly string[] {
  if (value === undefined) return []
  const isList = typeof value === 'object' && value !== null && (value as Partial<Iterable<unknown>>)[Symbol.iterator] !== undefined
  return isList ? Array.from(value as Iterable<unknown>, toDomString) : [toDomString(value)]
}

/** The URL that the handshake asks for. */
export function handshakeUrl(address: string): string {
  return `http${address.slice(2)}`
}
