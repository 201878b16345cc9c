import { shapeInterface } from '../webidl.ts'

/** A key as the cell describes it; the material stays there, and `id` names it. */
export interface KeyDescription {
  readonly id: number
  readonly type: 'public' | 'private' | 'secret'
  readonly extractable: boolean
  readonly algorithm: Readonly<Record<string, unknown>>
  readonly usages: readonly string[]
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
  readonly #description: KeyDescription

  constructor(seed?: unknown) {
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
    return this.#description.algorithm
  }
  get usages(): readonly string[] {
    return this.#description.usages
  }

  static {
    access.description = (value) =>
      typeof value === 'object' && value !== null && #description in value ? value.#description : undefined
  }
}

shapeInterface(CryptoKey, 'CryptoKey')

export function createKey(description: KeyDescription): CryptoKey {
  return new CryptoKey(new KeySeed(description))
}

/** What stands behind a CryptoKey; undefined where the value is none. */
export function keyDescriptionOf(value: unknown): KeyDescription | undefined {
  return access.description?.(value)
}
