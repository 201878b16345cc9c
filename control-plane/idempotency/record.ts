import { z } from 'zod'
import { deployedSchema } from '../protocol/index.ts'
import { Collection } from '../store/index.ts'

/** How far a deployment got, written in the commits that brought it there. */
const progressSchema = z.strictObject({
  deployed: z.array(deployedSchema),
  /** The revision that activated it; missing where it did not come to that, or was taken back. */
  activatedRevision: z.int().optional(),
})
export type Progress = z.infer<typeof progressSchema>

const outcomeSchema = z.strictObject({ status: z.int(), contentType: z.string(), sealedBody: z.string() })

/** One request under a key, by `account/HASH_OF_THE_KEY`. */
export const idempotentRequests = new Collection('idempotency', z.strictObject({
  /** SHA-256 of method, path and body. */
  requestHash: z.string(),
  startedMs: z.number(),
  /** Who carries it out, and until when he is believed to live; both change when another takes over. */
  holder: z.string(),
  heldUntilMs: z.number(),
  progress: progressSchema.optional(),
  outcome: outcomeSchema.optional(),
}))
