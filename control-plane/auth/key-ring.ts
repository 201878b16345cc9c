import { createHash, hkdfSync, randomBytes } from 'node:crypto'
import { SkerryError } from '../../errors/index.ts'
import { keyBytes } from './aes-gcm.ts'

export interface MasterKey {
  /** Told with what it sealed; nobody finds the key by it. */
  readonly id: string
  readonly bytes: Uint8Array
}

const rootPrefix = 'derive:'

/**
 * The master keys, newest first, and the root that keys for single purposes are derived from.
 *
 * As text, in a file or in SKERRY_KEY: keys of 32 bytes in base64 or hex, between them white space or commas; `#` begins a comment.
 * `derive:` before one makes it the root; without such an entry the root is derived from the oldest key. 32 bytes as they are, and
 * nothing else, are one key.
 */
export class KeyRing {
  readonly keys: readonly MasterKey[]
  readonly #root: Uint8Array

  private constructor(keys: readonly Uint8Array[], root: Uint8Array | undefined) {
    const oldest = keys.at(-1)
    if (oldest === undefined) throw new SkerryError('config_invalid', 'There is no master key.')
    this.keys = keys.map((bytes) => ({ id: createHash('sha256').update(hkdf(bytes, 'id')).digest('hex').slice(0, 12), bytes }))
    this.#root = root ?? hkdf(oldest, 'root')
  }

  /** A ring with one random key. */
  static create(): KeyRing {
    return new KeyRing([randomBytes(keyBytes)], undefined)
  }

  /** Throws `config_invalid`, which shows nothing of the text. */
  static parse(content: Uint8Array | string): KeyRing {
    if (typeof content !== 'string' && content.length === keyBytes) return new KeyRing([content], undefined)
    const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8')
    const entries = text.replace(/#.*$/gm, '').split(/[\s,]+/).filter((entry) => entry !== '')
    const roots = entries.filter((entry) => entry.startsWith(rootPrefix)).map((entry) => parseKey(entry.slice(rootPrefix.length)))
    if (roots.length > 1) throw new SkerryError('config_invalid', `There is more than one entry with ${rootPrefix}`)
    return new KeyRing(entries.filter((entry) => !entry.startsWith(rootPrefix)).map(parseKey), roots[0])
  }

  get newest(): MasterKey {
    const [newest] = this.keys
    if (newest === undefined) throw new Error('a ring without keys')
    return newest
  }

  find(id: string): MasterKey | undefined {
    return this.keys.find((key) => key.id === id)
  }

  /** The same root, and a new random key before the others. */
  withNewKey(): KeyRing {
    return new KeyRing([randomBytes(keyBytes), ...this.keys.map(({ bytes }) => bytes)], this.#root)
  }

  /** The same root, and the newest key alone. */
  withNewestOnly(): KeyRing {
    return new KeyRing([this.newest.bytes], this.#root)
  }

  /** 32 bytes for one purpose, the same wherever the root is, from which nobody finds the root (HKDF-SHA-256). */
  derive(label: string): Uint8Array {
    return hkdf(this.#root, `use:${label}`)
  }

  /** 32 bytes for one purpose from each master key, newest first: what was made with one outlives the root, as that key does. */
  deriveEach(label: string): readonly [newest: Uint8Array, ...older: Uint8Array[]] {
    const [, ...older] = this.keys
    return [hkdf(this.newest.bytes, `each:${label}`), ...older.map(({ bytes }) => hkdf(bytes, `each:${label}`))]
  }

  toText(): string {
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
    return [
      '# Master keys of a Skerry control plane. The first seals; the others open what they sealed, until `skerry rotate-key` is done.',
      ...this.keys.map(({ bytes }) => base64(bytes)),
      `${rootPrefix}${base64(this.#root)}`,
      '',
    ].join('\n')
  }
}

function hkdf(key: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', `skerry:${label}`, keyBytes))
}

function parseKey(text: string): Uint8Array {
  const bytes = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64')
  if (!/^(?:[\da-f]{64}|[\w+/-]{43}=?)$/i.test(text) || bytes.length !== keyBytes) {
    throw new SkerryError('config_invalid', `A master key has ${keyBytes} bytes in base64 or hex (\`openssl rand -base64 ${keyBytes}\`); one entry has not.`)
  }
  return bytes
}
