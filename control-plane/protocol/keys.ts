import { z } from 'zod'
import { nameSchema } from './project.ts'

/** `POST /v1/master-key/rotations`: the master key was replaced, and everything sealed anew. */
export const masterKeyRotationSchema = z.strictObject({
  /** Id of the key that seals now. */
  key: z.string(),
  /** Records that were sealed anew. */
  resealed: z.int(),
  /** Keys that nothing is sealed with any more: gone from the key file; where the operator keeps the keys, he may remove them. */
  retired: z.array(z.string()),
})
export type MasterKeyRotation = z.infer<typeof masterKeyRotationSchema>

/** `POST /v1/data-key/rotations`: the account's secrets are sealed with a new data key. */
export const dataKeyRotationSchema = z.strictObject({ account: nameSchema, resealed: z.int() })
export type DataKeyRotation = z.infer<typeof dataKeyRotationSchema>
