import { z } from 'zod'
import { environmentKeySchema, nameSchema, routesSchema, versionConfigSchema } from './project.ts'
import { accountQuotasSchema } from './quotas.ts'
import { regionSchema } from './regions.ts'

/**
 * The feed: one ordered, replayable log that every node follows.
 *
 * `GET /v1/feed?node=NAME&epoch=E&after=S` with a node's token answers newline-delimited JSON that never ends: where E is the store's
 * epoch and S is still in the log, the revisions after S; otherwise (or without E and S) first a snapshot, a large one in parts; then each new revision as
 * it is made, and a heartbeat once they are through and after every few seconds of silence. The name makes the node count as connected. A node applies records strictly in order, persists (epoch, sequence) with what it applied, and
 * acknowledges `prepare` and `activate`. Restoring a backup opens a new epoch.
 */
export const protocolVersion = 1
/** Between heartbeats on the feed. A node that hears nothing for three of them connects again. */
export const heartbeatIntervalMs = 5_000

export const versionIdSchema = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'a ULID in upper case')
/** A version id as people write it: lower case will do. */
export const versionReferenceSchema = z.string().toUpperCase().pipe(versionIdSchema)
export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex')

/** An immutable version, as nodes see it. */
export const versionRecordSchema = z.strictObject({
  account: nameSchema,
  function: nameSchema,
  version: versionIdSchema,
  artifactHash: hashSchema,
  artifactBytes: z.int().min(0),
  config: versionConfigSchema,
})
export type VersionRecord = z.infer<typeof versionRecordSchema>

/** What a function is right now: its shares add up to 100; secrets are current for every version. */
export const functionStateSchema = z.strictObject({
  account: nameSchema,
  function: nameSchema,
  routes: routesSchema,
  shares: z.array(z.strictObject({ version: versionIdSchema, percent: z.number().min(0).max(100) })).max(10),
  /** Every version that answers: the shares' and those kept for previews. */
  versions: z.array(versionRecordSchema),
  secrets: z.record(environmentKeySchema, z.string()),
})
export type FunctionState = z.infer<typeof functionStateSchema>

export const feedChangeSchema = z.discriminatedUnion('kind', [
  /** Fetch, verify and test-load these, and acknowledge; nothing is served by it. */
  z.strictObject({ kind: z.literal('prepare'), deployment: z.string(), versions: z.array(versionRecordSchema).min(1) }),
  /** From now on these functions are so, all at once. */
  z.strictObject({ kind: z.literal('activate'), deployment: z.string(), functions: z.array(functionStateSchema).min(1) }),
  z.strictObject({ kind: z.literal('delete'), account: nameSchema, function: nameSchema }),
  /** From now on the account may take so much, and its functions may run there. */
  accountQuotasSchema.extend({ kind: z.literal('account') }),
])
export type FeedChange = z.infer<typeof feedChangeSchema>

const positionFields = { epoch: z.string().min(1), sequence: z.int().min(0) }

export const feedRecordSchema = z.discriminatedUnion('type', [
  /** Functions of the snapshot that follows, which is applied with all of its parts or not at all. */
  z.strictObject({
    type: z.literal('snapshot-part'),
    protocol: z.literal(protocolVersion),
    ...positionFields,
    /** Its place among the parts, from 0. */
    index: z.int().min(0),
    functions: z.array(functionStateSchema).min(1),
    signature: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('snapshot'),
    protocol: z.literal(protocolVersion),
    ...positionFields,
    functions: z.array(functionStateSchema),
    /** Those with quotas, or held to regions. */
    accounts: z.array(accountQuotasSchema).default([]),
    /** The parts that came before: how many, and the SHA-256 of their lines one after the other, without line feeds. */
    parts: z.strictObject({ count: z.int().min(1), hash: hashSchema }).optional(),
    /** As a revision's. */
    signature: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('revision'),
    protocol: z.literal(protocolVersion),
    ...positionFields,
    timeMs: z.number(),
    change: feedChangeSchema,
    /** ed25519 over `signedBytes(record)` by the control plane's key, base64; empty where the control plane does not sign. */
    signature: z.string(),
  }),
  z.strictObject({ type: z.literal('heartbeat'), ...positionFields }),
])
export type FeedRecord = z.infer<typeof feedRecordSchema>
export type FeedRevision = Extract<FeedRecord, { type: 'revision' }>
export type FeedSnapshotPart = Extract<FeedRecord, { type: 'snapshot-part' }>
export type FeedSnapshot = Extract<FeedRecord, { type: 'snapshot' }>

/** The query of `GET /v1/feed`. */
export const feedQuerySchema = z.object({
  node: nameSchema,
  /** Where a node with the shared token is; one with a credential of its own is where that says. */
  region: regionSchema.optional(),
  epoch: z.string().optional(),
  after: z.coerce.number().int().min(0).optional(),
})
export type FeedQuery = z.infer<typeof feedQuerySchema>

/** A node's answer to a `prepare` or `activate`, by `POST /v1/nodes/{node}/acknowledgements`. */
export const acknowledgementSchema = z.strictObject({
  ...positionFields,
  outcome: z.discriminatedUnion('status', [
    z.strictObject({ status: z.literal('applied') }),
    z.strictObject({
      status: z.literal('failed'),
      code: z.string(),
      function: nameSchema,
      detail: z.string().max(8_192),
      /** With positions in the bundle; the publisher's side maps it. */
      stack: z.string().max(32_768).optional(),
    }),
  ]),
})
export type Acknowledgement = z.infer<typeof acknowledgementSchema>
