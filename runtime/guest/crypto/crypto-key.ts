import { shapeInterface } from '../webidl.ts'

/** A key as the cell describes it; the material stays there, and `id` names it. A field of the algorithm that is bytes is `{"$base64": text}`. */
export interface KeyDescription {
  readonly id: number
  readonly type: 'public' | 'private' | 'secret'
  readonly extractable: boolean
  readonly algorithm: Readonly<Record<string, unknown>>
  readonly usages: readonly string[]
}

export interface CryptoKeyPair {
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

/** Seed of a CryptoKey; user code can not make one. */
class KeySeed {
  readonly description: KeyDescription
  constructor(description: KeyDescription) {
    this.description = description
  }
}

const access: { description?: (value: unknown) => KeyDescription | undefined } = {}

/** https://w3c.github.io/webcrypto/#cryptokey-interface */
export class CryptoKey {
  /** Never shown, so that nobody changes it. */
  readonly #description: KeyDescription
  #algorithm: Record<string, unknown> | undefined
  #usages: string[] | undefined

  constructor(seed: unknown = undefined) {
    if (!(seed instanceof KeySeed)) throw new TypeError('Illegal constructor')
    this.#description = seed.description
  }

  get type(): KeyDescription['type'] {
    return this.#description.type
  }
  get extractable(): boolean {
    return this.#description.extractable
  }
  get algorithm(): Readonly<Record<string, unknown>> {
    return (this.#algorithm ??= showAlgorithm(this.#description.algorithm))
  }
  get usages(): readonly string[] {
    return (this.#usages ??= [...this.#description.usages])
  }

  static {
    access.description = (value) =>
      typeof value === 'object' && value !== null && #description in value ? value.#description : undefined
  }
}

shapeInterface(CryptoKey, 'CryptoKey')

/** The key, or the pair of keys, that the cell's JSON describes. */
export function readKeys(json: string): CryptoKey | CryptoKeyPair {
  const described = JSON.parse(json) as KeyDescription | { readonly publicKey: KeyDescription; readonly privateKey: KeyDescription }
  if (!('publicKey' in described)) return createKey(described)
  return { publicKey: createKey(described.publicKey), privateKey: createKey(described.privateKey) }
}

/** Another object for the same key: https://w3c.github.io/webcrypto/#cryptokey-interface-clone. Undefined where the value is no CryptoKey. */
export function cloneKey(value: unknown): CryptoKey | undefined {
  const description = keyDescriptionOf(value)
  return description === undefined ? undefined : createKey(description)
}

/** What stands behind a CryptoKey; undefined where the value is none. */
export function keyDescriptionOf(value: unknown): KeyDescription | undefined {
  return access.description?.(value)
}

function createKey(description: KeyDescription): CryptoKey {
  return new CryptoKey(new KeySeed(description))
}

function showAlgorithm(algorithm: KeyDescription['algorithm']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(algorithm).map(([name, value]) => [name, showValue(value)]))
}

function showValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { $base64: text } = value as { readonly $base64?: string }
  return text === undefined ? { ...value } : Uint8Array.fromBase64(text)
}
