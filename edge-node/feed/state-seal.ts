import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'

const sealedStateSchema = z.strictObject({ format: z.literal(2), sealed: z.base64() })
const nonceBytes = 12
const tagBytes = 16
const context = Buffer.from('skerry node state')

/** Makes of the state's text what stands on disk, and back. */
export interface StateSeal {
  seal(text: string): string
  /** Undefined where it is not what this node has sealed. */
  open(kept: string): string | undefined
}

/**
 * Seals the state with a key that only this node has (AES-256-GCM): without that nobody reads the secrets in it, or has the node serve what
 * the control plane did not say. @param key 32 bytes
 */
export function createStateSeal(key: Uint8Array): StateSeal {
  return {
    seal(text) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context)
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return JSON.stringify({ format: 2, sealed: sealed.toString('base64') })
    },
    open(kept) {
      try {
        const bytes = Buffer.from(sealedStateSchema.parse(JSON.parse(kept)).sealed, 'base64')
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
          .setAAD(context)
          .setAuthTag(bytes.subarray(-tagBytes))
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}
