import { z } from 'zod'
import { versionIdSchema, versionReferenceSchema } from './feed.ts'
import { nextCursorSchema } from './pages.ts'
import { nameSchema } from './project.ts'

/** Releases, rollbacks and gradual roll-outs; see docs/releases.md. */

const percentSchema = z.number().min(0).max(100)
const messageSchema = z.string().max(1_000).default('')
export const sharesSchema = z.array(z.strictObject({ version: versionReferenceSchema, percent: percentSchema })).min(1).max(10)
const shareInfoSchema = z.strictObject({ version: versionIdSchema, percent: z.number() })

/** `POST /v1/releases`: the shares of one or many functions, which change together or not at all. */
export const groupReleaseRequestSchema = z.strictObject({
  functions: z.array(z.strictObject({ name: nameSchema, shares: sharesSchema })).min(1).max(100),
  message: messageSchema,
})
export type GroupReleaseRequest = z.infer<typeof groupReleaseRequestSchema>
export type GroupReleaseRequestInput = z.input<typeof groupReleaseRequestSchema>

/** `POST /v1/rollbacks`: each function goes back to the shares from before its last change, all together. */
export const rollbackRequestSchema = z.strictObject({
  functions: z.array(nameSchema).min(1).max(100),
  /** Whatever changed together with these goes back with them. */
  group: z.boolean().default(false),
  message: messageSchema,
})
export type RollbackRequest = z.infer<typeof rollbackRequestSchema>
export type RollbackRequestInput = z.input<typeof rollbackRequestSchema>

/** How much worse than the old version the new one may be; see docs/decisions/0016-judging-a-roll-out.md. */
export const marginsSchema = z
  .strictObject({
    /** By so many percentage points its share of failed requests may be higher. */
    errorPoints: z.number().min(0).max(100).default(1),
    /** So many times the old 99th percentile of latency its own may be. */
    latencyFactor: z.number().min(1).max(1_000).default(1.5),
    /** No step is taken before each side has answered so many requests in it. */
    minimumRequests: z.int().min(20).max(1_000_000).default(100),
  })
  .prefault({})
export type Margins = z.infer<typeof marginsSchema>

const stepsMax = 20
/** How a new version gets its share. */
export const rolloutSettingsSchema = z.strictObject({
  /** Percent of the traffic, ascending; the last is 100. */
  steps: z
    .array(z.number().gt(0).max(100))
    .min(2)
    .max(stepsMax)
    .refine((steps) => steps.every((step, index) => index === 0 || step > (steps[index - 1] ?? 0)), 'each more than the one before')
    .refine((steps) => steps.at(-1) === 100, 'the last is 100'),
  /** How long each step is held at least. */
  everySeconds: z.number().min(5).max(7 * 24 * 3_600).default(300),
  margins: marginsSchema,
})
export type RolloutSettings = z.infer<typeof rolloutSettingsSchema>

/** `POST /v1/rollouts`: versions that exist get their share step by step, together. */
export const rolloutRequestSchema = rolloutSettingsSchema.extend({
  functions: z.array(z.strictObject({ name: nameSchema, version: versionReferenceSchema })).min(1).max(100),
  message: messageSchema,
})
export type RolloutRequest = z.infer<typeof rolloutRequestSchema>
export type RolloutRequestInput = z.input<typeof rolloutRequestSchema>

/** What was seen of the new and of the other versions of a function since a step began. */
export const comparisonSchema = z.strictObject({
  function: nameSchema,
  newRequests: z.int(),
  oldRequests: z.int(),
  /** Percent of the requests that failed. */
  newErrorPercent: z.number(),
  oldErrorPercent: z.number(),
  newP99Ms: z.number().optional(),
  oldP99Ms: z.number().optional(),
})
export type Comparison = z.infer<typeof comparisonSchema>

export const rolloutStateSchema = z.enum(['running', 'paused', 'done', 'rolled-back', 'aborted', 'superseded'])
export type RolloutState = z.infer<typeof rolloutStateSchema>

export const rolloutSchema = rolloutSettingsSchema.extend({
  id: z.string(),
  functions: z.array(z.strictObject({ name: nameSchema, version: versionIdSchema, previous: z.array(shareInfoSchema) })),
  state: rolloutStateSchema,
  /** Which of `steps` the new versions have; the share that they have now. */
  step: z.int(),
  percent: z.number(),
  message: z.string(),
  startedMs: z.number(),
  stepStartedMs: z.number(),
  /** What happened, oldest first. */
  history: z.array(
    z.strictObject({
      timeMs: z.number(),
      event: z.enum(['started', 'advanced', 'paused', 'resumed', 'done', 'rolled-back', 'aborted', 'superseded']),
      percent: z.number(),
      /** Why, for people. */
      detail: z.string(),
      comparisons: z.array(comparisonSchema),
    }),
  ),
})
export type Rollout = z.infer<typeof rolloutSchema>

/** A roll-out, with what the replica that is asked sees of it now. */
export const rolloutInfoSchema = rolloutSchema.extend({
  /** What it waits for before the next step; absent where it is over. */
  waitsFor: z.string().optional(),
  comparisons: z.array(comparisonSchema),
})
export type RolloutInfo = z.infer<typeof rolloutInfoSchema>
export const rolloutListSchema = z.strictObject({ rollouts: z.array(rolloutInfoSchema), nextCursor: nextCursorSchema })

/** `PATCH /v1/functions/{name}/rollout`. */
export const rolloutSteerSchema = z.strictObject({ action: z.enum(['pause', 'resume', 'abort']) })
export type RolloutSteer = z.infer<typeof rolloutSteerSchema>

/** One change of a function's shares. */
export const releaseInfoSchema = z.strictObject({
  /** The same for all functions that changed together. */
  change: z.string(),
  timeMs: z.number(),
  kind: z.enum(['deploy', 'release', 'rollback', 'rollout']),
  /** Shares since; empty where the function answers no more. */
  shares: z.array(shareInfoSchema),
  /** All functions that changed by it. */
  functions: z.array(nameSchema),
  actor: z.string(),
  message: z.string(),
})
export type ReleaseInfo = z.infer<typeof releaseInfoSchema>
export const releaseListSchema = z.strictObject({ releases: z.array(releaseInfoSchema) })
