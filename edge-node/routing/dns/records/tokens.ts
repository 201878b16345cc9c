/** A word of a line, or what stands between quotation marks. One character a byte. */
export interface Token {
  readonly text: string
  readonly isQuoted: boolean
}

const quoted = /"((?:[^"\\]|\\.)*)"(?=[\s;]|$)/y
const bare = /(?:[^\s";()\\]|\\.)+(?=[\s;]|$)/y

/**
 * Splits a line of a zone file (RFC 1035, 5.1) into words, up to a comment. Undefined where a quotation is not closed, or where records go over
 * several lines in parentheses.
 */
export function readTokens(line: string): Token[] | undefined {
  const bytes = Buffer.from(line, 'utf8').toString('latin1')
  const tokens: Token[] = []
  let offset = 0
  for (;;) {
    while (/\s/.test(bytes[offset] ?? '')) offset += 1
    if (offset === bytes.length || bytes[offset] === ';') return tokens
    const isQuoted = bytes[offset] === '"'
    const pattern = isQuoted ? quoted : bare
    pattern.lastIndex = offset
    const match = pattern.exec(bytes)
    if (match === null) return undefined
    offset = pattern.lastIndex
    const text = unescape(match[1] ?? match[0])
    if (text === undefined) return undefined
    tokens.push({ text, isQuoted })
  }
}

/** `\DDD` is a byte, any other `\X` is X. Undefined for bytes that there are not. */
function unescape(text: string): string | undefined {
  let isByte = true
  const plain = text.replaceAll(/\\(\d{3}|.)/g, (_whole, escaped: string) => {
    if (escaped.length === 1) return escaped
    isByte &&= Number(escaped) <= 255
    return String.fromCharCode(Number(escaped))
  })
  return isByte ? plain : undefined
}
