import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { SkerryError } from '../../errors/index.ts'

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/**
 * Seals what must not be readable in the database: AES-256-GCM, a random nonce each, bound to a context (such as
 * `default/hello/API_KEY`), so that a sealed value is of no use in another place.
 */
export class SecretBox {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key
  }

  seal(plain: string, context: string): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context))
    return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64')
  }

  /** Throws `internal_error` where the key is another one or the value was changed. */
  open(sealed: string, context: string): string {
    const bytes = Buffer.from(sealed, 'base64')
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(-tagBytes))
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')
    } catch (error) {
      throw new SkerryError(
        'internal_error',
        `What is sealed for ${context} does not open: the key file beside the database is not the one it was made with. Restore the right one.`,
        { cause: error },
      )
    }
  }

  /** 32 bytes for one purpose, the same wherever and whenever the key is, from which nobody finds the key (HKDF-SHA-256). */
  derive(label: string): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#key, '', `skerry:${label}`, keyBytes))
  }
}

/** Reads the key file; at the first start creates it, readable by its owner only. */
export async function openSecretBox(keyFile: string): Promise<SecretBox> {
  const key = await readKey(keyFile)
  if (key.length !== keyBytes) {
    throw new SkerryError('internal_error', `The key file ${keyFile} has ${key.length} bytes instead of ${keyBytes}: restore the right one.`)
  }
  return new SecretBox(key)
}

async function readKey(keyFile: string): Promise<Uint8Array> {
  try {
    return await readFile(keyFile)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  // Written aside first: a crash half-way must not leave a broken key in the key's place.
  const key = randomBytes(keyBytes)
  const unfinishedFile = `${keyFile}.new`
  const file = await open(unfinishedFile, 'w', 0o600)
  try {
    await file.writeFile(key)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinishedFile, keyFile)
  return key
}
