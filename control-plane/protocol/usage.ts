import { z } from 'zod'
import { versionIdSchema } from './feed.ts'
import { nameSchema } from './project.ts'

/**
 * What functions used, as nodes count it and hand it in by `POST /v1/nodes/{node}/usage`.
 *
 * A report tells what came about since the report before it. Reports of one start of a node are numbered from 1, sent in order, and
 * sent again, unchanged, until they are answered: who has seen a number of a start does not count it twice.
 */
export const usageIntervalMs = 2_000
/** In one report, so that replicas can pass it on in one message; a node that has more to tell sends several. */
export const usageEntriesMax = 500

const firstBucketMs = 0.25
const bucketsPerDoubling = 4
/** Buckets of latency: each is 2^(1/4) as wide as the one before, from 0.25 ms to 1,049 s; the last has all above. */
export const latencyBuckets = 89

/** The bucket of a latency. */
export function latencyBucketOf(ms: number): number {
  if (!(ms > firstBucketMs)) return 0
  return Math.min(latencyBuckets - 1, Math.ceil(Math.log2(ms / firstBucketMs) * bucketsPerDoubling))
}

/** The longest latency of a bucket, in ms; the last has longer ones too. */
export function latencyBucketMs(bucket: number): number {
  return firstBucketMs * 2 ** (bucket / bucketsPerDoubling)
}

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

/** Amounts that add up. */
export const usageAmountsSchema = z.strictObject({
  /** That the function was given to answer, by clients and by other functions; those that were `refused` are not among them. */
  requests: count,
  /** Of `requests`, those that the function failed: codes that are its fault, of status 5xx. */
  errors: count,
  /** Of `requests`, those that it answered itself with status 5xx. */
  answered5xx: count,
  /** Turned away before the function saw them: too many at a time, or the node had too much to do. */
  refused: count,
  /** CPU time, after the answer too. */
  cpuMs: z.number().min(0),
})
export type UsageAmounts = z.infer<typeof usageAmountsSchema>

export const usageEntrySchema = usageAmountsSchema.extend({
  account: nameSchema,
  function: nameSchema,
  version: versionIdSchema,
  /** Asked for by the host name of the version, so that they tell nothing of its share of the traffic. */
  preview: z.boolean().default(false),
  /** How many of `requests` took how long until the head of their answer (or their end, where none came): pairs of bucket and count. */
  latency: z.array(z.tuple([z.int().min(0).max(latencyBuckets - 1), count])).max(latencyBuckets),
})
export type UsageEntry = z.infer<typeof usageEntrySchema>

export const usageReportSchema = z.strictObject({
  /** Random, made when the node's process starts. */
  start: z.string().min(1).max(64),
  sequence: z.int().min(1),
  /** What it tells of came about in so long before it was made. */
  intervalMs: z.number().min(0),
  entries: z.array(usageEntrySchema).max(usageEntriesMax),
  /** What came on top of the versions that a node counts apart, in sum. */
  rest: usageAmountsSchema.optional(),
})
export type UsageReport = z.infer<typeof usageReportSchema>
export type UsageReportInput = z.input<typeof usageReportSchema>

/** The answer to a report: it is counted, and needs not be sent again. */
export const usageAnswerSchema = z.object({})
export type UsageAnswer = z.infer<typeof usageAnswerSchema>

/** One function's version in the last minutes, over all nodes. */
export const recentUsageSchema = usageAmountsSchema.extend({
  function: nameSchema,
  version: versionIdSchema,
  preview: z.boolean(),
  /** Half, and 99 of 100, of the requests were no slower (within a fifth); absent where there was none. */
  p50Ms: z.number().optional(),
  p99Ms: z.number().optional(),
})
export type RecentUsage = z.infer<typeof recentUsageSchema>

/** A day in UTC, by when the reports arrived. */
export const dailyUsageSchema = usageAmountsSchema.extend({ date: z.iso.date() })
export type DailyUsage = z.infer<typeof dailyUsageSchema>

/** `GET /v1/usage`: of the caller's account. */
export const usageSchema = z.strictObject({
  /** Newest first. */
  days: z.array(dailyUsageSchema),
  recent: z.strictObject({ seconds: z.number(), versions: z.array(recentUsageSchema) }),
})
export type Usage = z.infer<typeof usageSchema>
/** The query of `GET /v1/usage`. */
export const usageQuerySchema = z.object({ days: z.coerce.number().int().min(1).max(90).default(30) })
