import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { dataKeyRings } from './data-keys.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeySource } from './key-source.ts'
import { sealedContext, sealedValues } from './sealed-values.ts'
import { SecretBox, sealingKeyId } from './secret-box.ts'

const ringSchema = z.object({ keys: z.array(z.object({ wrapped: z.string() })) })

/** Whether master keys are those that a state was sealed with, found out record by record. */
export class KeyCheck {
  readonly #box: SecretBox

  private constructor(box: SecretBox) {
    this.#box = box
  }

  static async open(source: KeySource): Promise<KeyCheck> {
    return new KeyCheck(await SecretBox.open(source))
  }

  /** As `KeyRing` does. */
  deriveEach(label: string): readonly Uint8Array[] {
    return this.#box.ring.deriveEach(label)
  }

  /** Throws `key_mismatch` where the record was sealed with a key that is not there, or does not open with the one that is. */
  async require(record: { readonly collection: string; readonly key: string; readonly value: unknown }): Promise<void> {
    const { ring, source } = this.#box
    if (record.collection === sealedValues.name && typeof record.value === 'string') {
      try {
        await this.#box.open(record.value, sealedContext(record.key))
      } catch (error) {
        throw mismatch(source, error)
      }
    }
    if (record.collection === dataKeyRings.name) {
      const parsed = ringSchema.safeParse(record.value)
      if (!parsed.success || parsed.data.keys.some(({ wrapped }) => !has(ring, wrapped))) throw mismatch(source, parsed.error)
    }
  }
}

function has(ring: KeyRing, wrapped: string): boolean {
  return ring.find(sealingKeyId(wrapped)) !== undefined
}

function mismatch(source: KeySource, cause: unknown): SkerryError {
  return new SkerryError('key_mismatch', `${source.name} does not hold the master key that this state was sealed with; without it no secret and no token of it is of any use.`, { cause })
}
