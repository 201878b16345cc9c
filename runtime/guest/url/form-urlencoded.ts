import { HostOperation } from '../../bridge/index.ts'
import { encodeUtf8 } from '../encoding/index.ts'
import { callHost } from '../host.ts'

export type Pair = [name: string, value: string]

const keepBom = 2

/** https://url.spec.whatwg.org/#concept-urlencoded-string-parser */
export function parseFormUrlencoded(text: string): Pair[] {
  const pairs: Pair[] = []
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    pairs.push(equals < 0 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))])
  }
  return pairs
}

/** https://url.spec.whatwg.org/#concept-urlencoded-serializer */
export function serializeFormUrlencoded(pairs: readonly Pair[]): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/%20|[!'()~]/g, (match) =>
    match === '%20' ? '+' : `%${match.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return decodeBytes(spaced)
  }
}

/** Percent signs that stand for themselves, and bytes that are no UTF-8. */
function decodeBytes(text: string): string {
  const bytes = encodeUtf8(text)
  let length = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number
    const value = byte === 0x25 ? hexadecimal(bytes[index + 1]) * 16 + hexadecimal(bytes[index + 2]) : Number.NaN
    bytes[length++] = Number.isNaN(value) ? byte : value
    if (!Number.isNaN(value)) index += 2
  }
  return callHost(HostOperation.textDecode, 0, bytes.slice(0, length), 'utf-8', keepBom) as string
}

function hexadecimal(byte: number | undefined): number {
  if (byte === undefined) return Number.NaN
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN
}
