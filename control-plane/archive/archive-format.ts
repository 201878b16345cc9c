import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { feedChangeSchema, functionStateSchema, hashSchema, nameSchema, routesSchema, versionConfigSchema, versionIdSchema } from '../protocol/index.ts'

/**
 * An archive is a tar of everything that a store holds, in this order:
 *
 *   manifest.json                  what it is, and how much of everything
 *   state/KIND-NUMBER.ndjson       versions, functions, secrets (sealed), records, revisions: one a line
 *   artifacts/NUMBER.ndjson        hashes and owners of the artifacts that follow it
 *   artifacts/HASH                 bytes, named by their SHA-256
 *   summary.json                   the SHA-256 of every part that is not named by its own, and a code over all of that
 *
 * So it is written in one pass, and read in one; what is cut off has no summary.
 */
export const archiveVersion = 1
export const manifestName = 'manifest.json'
export const summaryName = 'summary.json'
export const artifactsFolder = 'artifacts/'
export const stateFolder = 'state/'

const count = z.int().min(0)

export const manifestSchema = z.strictObject({
  format: z.literal('skerry-archive'),
  version: z.literal(archiveVersion),
  createdMs: z.number(),
  /** Of the feed that it was taken from; what is filled from it has one of its own. */
  epoch: z.string(),
  /** Newest revision. */
  sequence: count,
  counts: z.strictObject({ artifacts: count, versions: count, functions: count, secrets: count, records: count, revisions: count }),
})
export type ArchiveManifest = z.infer<typeof manifestSchema>

export const summarySchema = z.strictObject({
  parts: z.array(z.strictObject({ name: z.string(), bytes: count, sha256: hashSchema })),
  /** Artifacts that were damaged in the store, and so are not here. */
  missing: z.array(hashSchema),
  /** See `archiveCode`. */
  code: z.string(),
})
export type ArchiveSummary = z.infer<typeof summarySchema>

export const artifactLineSchema = z.strictObject({
  hash: hashSchema,
  owners: z.array(z.strictObject({ account: nameSchema, uploadedMs: z.number() })).min(1),
})

export const itemSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('version'),
    version: z
      .strictObject({
        version: versionIdSchema, account: nameSchema, function: nameSchema, createdMs: z.number(), message: z.string(), artifactHash: hashSchema,
        artifactBytes: count, sourceMapHash: hashSchema.optional(), config: versionConfigSchema, routes: routesSchema,
        status: z.enum(['stored', 'refused', 'active', 'retired']), isLoaded: z.boolean(),
      })
      .transform((version) => ({ ...version, sourceMapHash: version.sourceMapHash })),
  }),
  z.strictObject({ kind: z.literal('function'), function: z.strictObject({ state: functionStateSchema, updatedMs: z.number() }) }),
  z.strictObject({ kind: z.literal('secret'), account: nameSchema, name: nameSchema, key: z.string(), sealed: z.string() }),
  z.strictObject({ kind: z.literal('record'), collection: z.string(), key: z.string(), value: z.unknown() }),
  z.strictObject({ kind: z.literal('revision'), revision: z.strictObject({ sequence: z.int().min(1), timeMs: z.number(), change: feedChangeSchema }) }),
])

/** What the key of `archiveCode` is derived for. */
export const archiveKeyLabel = 'archive'

/**
 * HMAC-SHA-256, in base64, over what a summary says, by a key that is derived from the newest master key: who can write where backups are kept, but
 * has not those, puts no token, member or script of his own into one.
 */
export function archiveCode(key: Uint8Array, { parts, missing }: Omit<ArchiveSummary, 'code'>): string {
  return createHmac('sha256', key).update(JSON.stringify([parts.map(({ name, bytes, sha256 }) => [name, bytes, sha256]), missing])).digest('base64')
}

/** Throws `archive_invalid` where the summary was written with none of these keys. */
export function requireArchiveCode(keys: readonly Uint8Array[], summary: ArchiveSummary): void {
  const found = Buffer.from(summary.code)
  const expected = keys.map((key) => Buffer.from(archiveCode(key, summary)))
  if (expected.some((code) => code.length === found.length && timingSafeEqual(code, found))) return
  throw invalidArchive('It was not written by a control plane with these master keys, or was changed since')
}

/** @param finding what is wrong, as a sentence without its full stop */
export function invalidArchive(finding: string, cause?: unknown): SkerryError {
  return new SkerryError('archive_invalid', `${finding}.`, cause === undefined ? {} : { cause })
}
