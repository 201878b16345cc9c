import { Buffer } from 'unenv/node/internal/buffer/buffer'

/**
 * What the npm package `buffer` lacks: `base64url`, and the speed of the platform for text, base64 and hex. It reads base64url where it reads
 * base64, so that only the name has to be taken.
 */
type Encoded = (this: unknown, ...parameters: unknown[]) => unknown
type Methods = Record<string, Encoded>

/** Below this the package's own loops are quicker than a call of the platform. */
const smallBytes = 64
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()
const isBase64Url = (encoding: unknown): boolean => typeof encoding === 'string' && encoding.toLowerCase() === 'base64url'
const isUtf8 = (encoding: unknown): boolean => encoding === undefined || encoding === 'utf8' || encoding === 'utf-8'
/** What Node takes of a text as hex: as many whole bytes as it begins with. */
const hexPairs = /^(?:[\da-f]{2})*/i
const isText = (value: unknown): value is string => typeof value === 'string'

/** The method, with the encoding among its parameters named as the package knows it. */
function taking(original: Encoded): Encoded {
  return function (...parameters) {
    return Reflect.apply(original, this, parameters.map((parameter, index) => (index > 0 && isBase64Url(parameter) ? 'base64' : parameter)))
  }
}

function define(target: object, methods: Methods): void {
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

function toBuffer(bytes: Uint8Array): Uint8Array {
  return Object.setPrototypeOf(bytes, Buffer.prototype) as Uint8Array
}

/** Undefined where the text is not quite base64: the package makes the best of it, as Node does. */
function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet: /[-_]/.test(text) ? 'base64url' : 'base64' })
  } catch {
    return undefined
  }
}

const prototype = Buffer.prototype as unknown as Methods
const statics = Buffer as unknown as Methods
const { from, byteLength, alloc, isEncoding } = statics as Record<'from' | 'byteLength' | 'alloc' | 'isEncoding', Encoded>
const { toString: nativeToString, write, fill, indexOf, lastIndexOf, includes } = prototype as Record<
  'toString' | 'write' | 'fill' | 'indexOf' | 'lastIndexOf' | 'includes',
  Encoded
>

export function extendBuffer(): void {
  // Bundlers rename what has the name of a global.
  Object.defineProperty(Buffer, 'name', { value: 'Buffer', configurable: true })
  const takingFrom = taking(from)
  define(statics, {
    from(value, encoding, ...rest) {
      if (isText(value)) {
        if (isUtf8(encoding) && value.length > smallBytes) return toBuffer(encoder.encode(value))
        if (encoding === 'hex') return toBuffer(Uint8Array.fromHex(hexPairs.exec(value)?.[0] ?? ''))
        if (encoding === 'base64' || isBase64Url(encoding)) return toBuffer(fromBase64(value) ?? (Reflect.apply(takingFrom, this, [value, encoding]) as Uint8Array))
      }
      return Reflect.apply(takingFrom, this, [value, encoding, ...rest])
    },
    byteLength(value, encoding) {
      if (isText(value) && isBase64Url(encoding)) return Math.floor((value.replace(/=+$/, '').length * 3) / 4)
      return Reflect.apply(byteLength, this, [value, encoding])
    },
    alloc: taking(alloc),
    isEncoding: (encoding: unknown) => isBase64Url(encoding) || Reflect.apply(isEncoding, Buffer, [encoding]),
  })
  define(prototype, {
    toString(this: Uint8Array, encoding: unknown, start = 0, end = this.length) {
      const name = isText(encoding) ? encoding.toLowerCase() : undefined
      const bytes = (): Uint8Array => new Uint8Array(this.buffer, this.byteOffset, this.byteLength).subarray(Math.max(0, start), Math.max(0, end))
      if (isUtf8(name) && this.length > smallBytes) return utf8.decode(bytes())
      if (name === 'base64url') return bytes().toBase64({ alphabet: 'base64url', omitPadding: true })
      if (name === 'base64') return bytes().toBase64()
      if (name === 'hex') return bytes().toHex()
      return Reflect.apply(nativeToString, this, [encoding, start, end])
    },
    write: taking(write),
    fill: taking(fill),
    indexOf: taking(indexOf),
    lastIndexOf: taking(lastIndexOf),
    includes: taking(includes),
  } as unknown as Methods)
}
