import { z } from 'zod'
import { hashSchema, versionIdSchema } from './feed.ts'
import { nextCursorSchema } from './pages.ts'
import { environmentKeySchema, environmentValueSchema, nameSchema, routesSchema, versionConfigSchema } from './project.ts'
import { rolloutSettingsSchema, sharesSchema } from './releases.ts'

/**
 * Bodies of the REST API under `/v1`. Bearer token; `account` defaults to `default` and comes from the token.
 *
 *   PUT    /v1/artifacts/{hash}                    bytes; idempotent; `hash_mismatch`, `script_too_large`, `storage_full`;
 *                                                  a source map with `?kind=source-map`, which raises the size allowed
 *   GET    /v1/artifacts/{hash}                    bytes (scope node)
 *   POST   /v1/deployments                         deploymentRequest -> NDJSON of deploymentEvent, ending in `done` or `refused`;
 *                                                  what is refused before anything is stored is a problem document instead
 *   GET    /v1/functions                           functionList
 *   GET    /v1/functions/{name}/versions           versionList, newest first
 *   GET    /v1/functions/{name}/versions/{version}/source-map   JSON
 *   POST   /v1/functions/{name}/releases           releaseRequest -> NDJSON of deploymentEvent
 *   DELETE /v1/functions/{name}
 *   GET    /v1/functions/{name}/secrets            secretList (names only)
 *   PUT    /v1/functions/{name}/secrets/{key}      secretValue
 *   DELETE /v1/functions/{name}/secrets/{key}
 *   GET    /v1/functions/{name}/tail               NDJSON of tailEvent, never ends
 *   GET    /v1/nodes   PUT /v1/nodes/{node}   POST /v1/nodes/{node}/acknowledgements   POST /v1/nodes/{node}/logs
 *   GET    /v1/feed?node=NAME&epoch=E&after=S      see feed.ts
 *   GET    /v1/openapi.json
 */
export const artifactBytesMax = 10 * 1024 * 1024
export const sourceMapBytesMax = 64 * 1024 * 1024

/** What stacks from nodes call the bundle; other frames have nothing to do with its source map. */
export const bundleFileName = 'worker.js'

export const deploymentRequestSchema = z.strictObject({
  functions: z
    .array(
      z.strictObject({
        name: nameSchema,
        artifactHash: hashSchema,
        /** Hash of the source map, uploaded as an artifact of its own. */
        sourceMapHash: hashSchema.optional(),
        config: versionConfigSchema,
        routes: routesSchema,
      }),
    )
    .min(1)
    .max(100),
  message: z.string().max(1_000).default(''),
  activate: z.boolean().default(true),
  /** Share of the new version; the rest stays with what is active. */
  percent: z.number().min(0).max(100).default(100),
  /** In place of `percent`: the share grows step by step, and is taken back where the new version is worse. */
  rollout: rolloutSettingsSchema.optional(),
})
export type DeploymentRequest = z.infer<typeof deploymentRequestSchema>
/** As a client may write it, defaults left out. */
export type DeploymentRequestInput = z.input<typeof deploymentRequestSchema>

export const deployedSchema = z.strictObject({ function: nameSchema, version: versionIdSchema, url: z.string() })

/** One line of a deployment's answer; `phase` prepare comes before activate for each node. */
export const deploymentEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('stored'), functions: z.array(deployedSchema), revision: z.int() }),
  z.strictObject({
    type: z.literal('acknowledged'),
    phase: z.enum(['prepare', 'activate']),
    node: nameSchema,
    region: z.string(),
    /** Since the phase's revision was made. */
    ackMs: z.number(),
  }),
  z.strictObject({
    type: z.literal('done'),
    functions: z.array(deployedSchema),
    revision: z.int(),
    /** From the activating revision to the last acknowledgement. */
    propagationMs: z.number(),
    nodes: z.array(z.strictObject({ node: nameSchema, region: z.string(), ackMs: z.number() })),
    /** Connected nodes that did not acknowledge in time; they catch up. */
    missing: z.array(nameSchema),
    activated: z.boolean(),
    /** The roll-out that began with it. */
    rollout: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('refused'),
    code: z.string(),
    detail: z.string(),
    function: nameSchema.optional(),
    node: nameSchema.optional(),
    stack: z.string().optional(),
    /** Stored though inactive; set for `load_failed` and `no_nodes`. */
    functions: z.array(deployedSchema),
  }),
])
export type DeploymentEvent = z.infer<typeof deploymentEventSchema>

export const releaseRequestSchema = z.strictObject({
  shares: sharesSchema,
  message: z.string().max(1_000).default(''),
})
export type ReleaseRequest = z.infer<typeof releaseRequestSchema>

export const versionInfoSchema = z.strictObject({
  version: versionIdSchema,
  function: nameSchema,
  createdMs: z.number(),
  message: z.string(),
  artifactHash: hashSchema,
  artifactBytes: z.int(),
  /** Percent of traffic now; 0 where inactive. */
  percent: z.number(),
  status: z.enum(['stored', 'refused', 'active', 'retired']),
  config: versionConfigSchema,
})
export const versionListSchema = z.strictObject({ versions: z.array(versionInfoSchema), nextCursor: nextCursorSchema })
export type VersionInfo = z.infer<typeof versionInfoSchema>
export type VersionList = z.infer<typeof versionListSchema>

export const functionInfoSchema = z.strictObject({
  name: nameSchema,
  account: nameSchema,
  url: z.string(),
  routes: routesSchema,
  active: z.array(z.strictObject({ version: versionIdSchema, percent: z.number() })),
  updatedMs: z.number(),
  /** Nodes that hold it apart, since it ends the processes it runs in. */
  quarantined: z.array(z.strictObject({ node: nameSchema, version: versionIdSchema, reason: z.string(), processesEnded: z.int(), refusedMs: z.number() })),
  /** Where isolates are kept warm (`provisioned`). */
  provisioned: z.array(z.strictObject({ node: nameSchema, version: versionIdSchema, wanted: z.int(), ready: z.int() })),
})
export const functionListSchema = z.strictObject({ functions: z.array(functionInfoSchema), nextCursor: nextCursorSchema })
export type FunctionInfo = z.infer<typeof functionInfoSchema>
export type FunctionList = z.infer<typeof functionListSchema>

export const secretListSchema = z.strictObject({ secrets: z.array(environmentKeySchema), nextCursor: nextCursorSchema })
export type SecretList = z.infer<typeof secretListSchema>
export const secretValueSchema = z.strictObject({ value: environmentValueSchema })

/** A console line, an exception or a failed request, as nodes report it and `skerry tail` shows it. */
export const tailEventSchema = z.strictObject({
  timeMs: z.number(),
  node: nameSchema,
  region: z.string(),
  account: nameSchema,
  function: nameSchema,
  version: versionIdSchema,
  requestId: z.string().optional(),
  kind: z.enum(['console', 'exception', 'failure']),
  level: z.string().max(16),
  text: z.string().max(256 * 1024),
  stack: z.string().max(32_768).optional(),
  code: z.string().optional(),
})
export type TailEvent = z.infer<typeof tailEventSchema>
export const logBatchSchema = z.strictObject({ events: z.array(tailEventSchema).max(1_000) })
export type LogBatch = z.infer<typeof logBatchSchema>

/** What `PUT /v1/artifacts/{hash}` is asked to keep; a source map may be larger than a script. */
export const artifactKindSchema = z.enum(['script', 'source-map'])
export type ArtifactKind = z.infer<typeof artifactKindSchema>
export const artifactStoredSchema = z.strictObject({ hash: hashSchema, bytes: z.int() })
/** The answer to changes that need no acknowledgement: the revision they made, if any. */
export const changedSchema = z.strictObject({ revision: z.int().optional() })
export type Changed = z.infer<typeof changedSchema>

/** RFC 9457, as every refusal of the API. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  field: z.string().optional(),
  requestId: z.string().optional(),
})
export type ProblemDocument = z.infer<typeof problemSchema>
