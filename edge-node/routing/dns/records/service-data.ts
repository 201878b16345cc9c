import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { nameBytes } from './names.ts'

const keys = { alpn: 1, 'no-default-alpn': 2, port: 3, ipv4hint: 4, ipv6hint: 6 } as const

/**
 * RDATA of an HTTPS record with its parameters, such as `alpn=h2,h3`. Undefined where one is not known, comes twice, or has no such value.
 * @see https://www.rfc-editor.org/rfc/rfc9460
 */
export function readServiceData(priority: number, target: string, parameters: readonly string[]): Buffer | undefined {
  const values = new Map<number, Buffer>()
  for (const parameter of parameters) {
    const [name = '', ...rest] = parameter.split('=')
    const key = isKey(name) ? keys[name] : undefined
    const value = isKey(name) ? readValue(name, rest.length === 0 ? undefined : rest.join('=')) : undefined
    if (key === undefined || value === undefined || values.has(key)) return undefined
    values.set(key, value)
  }
  // Priority 0 is an alias, which has no parameters.
  if ((priority === 0 && values.size > 0) || (values.has(keys['no-default-alpn']) && !values.has(keys.alpn))) return undefined
  const pairs = [...values].toSorted(([left], [right]) => left - right).map(([key, value]) => Buffer.concat([uint16(key), uint16(value.length), value]))
  return Buffer.concat([uint16(priority), nameBytes(target), ...pairs])
}

function isKey(name: string): name is keyof typeof keys {
  return Object.hasOwn(keys, name)
}

function readValue(key: keyof typeof keys, text: string | undefined): Buffer | undefined {
  if (key === 'no-default-alpn') return text === undefined ? Buffer.alloc(0) : undefined
  const items = text?.split(',') ?? []
  if (text === undefined || items.includes('')) return undefined
  if (key === 'alpn') return items.every(({ length }) => length < 256) ? Buffer.concat(items.map((item) => Buffer.concat([Buffer.of(item.length), Buffer.from(item, 'latin1')]))) : undefined
  if (key === 'port') return /^\d{1,5}$/.test(text) && Number(text) < 65_536 ? uint16(Number(text)) : undefined
  const isAddress = key === 'ipv4hint' ? isIPv4 : isIPv6
  return items.every((item) => isAddress(item)) ? Buffer.concat(items.map((item) => Buffer.from(ipaddr.parse(item).toByteArray()))) : undefined
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}
