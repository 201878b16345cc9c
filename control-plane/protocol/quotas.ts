import { z } from 'zod'
import { nameSchema } from './project.ts'
import { residentRegionsSchema } from './regions.ts'

/**
 * What an account may take, set by an operator. Each left out is without limit.
 *
 * The first three are held at the control plane, in the commit that would go beyond; the others at the nodes, each of which has a share.
 */
export const quotasSchema = z.strictObject({
  functions: z.int().min(0).optional(),
  /** Of one script. */
  scriptBytes: z.int().min(0).optional(),
  /** Of everything uploaded that is kept: scripts and source maps, each once. */
  storedBytes: z.int().min(0).optional(),
  requestsPerSecond: z.number().min(0).max(1e9).optional(),
  /** Requests at a time, on all nodes together; streams and WebSockets count until they end. */
  concurrentRequests: z.int().min(0).max(1e9).optional(),
  /** CPU time of functions in a day (UTC, by the control plane's clock), in seconds. */
  cpuSecondsPerDay: z.number().min(0).max(1e12).optional(),
})
export type Quotas = z.infer<typeof quotasSchema>
export type QuotaName = keyof Quotas
export const quotaNames = Object.keys(quotasSchema.shape) as readonly QuotaName[]

/** `PATCH /v1/accounts/{account}/quotas`: those that are named change, and null lifts one. */
export const quotasChangeSchema = z.strictObject({
  functions: quotasSchema.shape.functions.nullable(),
  scriptBytes: quotasSchema.shape.scriptBytes.nullable(),
  storedBytes: quotasSchema.shape.storedBytes.nullable(),
  requestsPerSecond: quotasSchema.shape.requestsPerSecond.nullable(),
  concurrentRequests: quotasSchema.shape.concurrentRequests.nullable(),
  cpuSecondsPerDay: quotasSchema.shape.cpuSecondsPerDay.nullable(),
})
export type QuotasChange = z.infer<typeof quotasChangeSchema>

/** What holds for an account, as nodes see it. Of one that is suspended every request is refused. */
export const accountQuotasSchema = z.strictObject({
  account: nameSchema,
  quotas: quotasSchema.extend({ suspended: z.literal(true).optional() }),
  /** Where its functions may run at all; anywhere unless set. */
  regions: residentRegionsSchema.optional(),
})
export type AccountQuotas = z.infer<typeof accountQuotasSchema>

/** `GET /v1/quotas`, and the same of any account for an operator: what there may be and what there is. */
export const quotaUsageSchema = z.strictObject({
  account: nameSchema,
  limits: quotasSchema,
  used: z.strictObject({
    functions: z.int(),
    storedBytes: z.int(),
    /** Asked for in the last seconds at all nodes, those that were refused too; of accounts with quotas for requests or CPU time. */
    requestsPerSecond: z.number().optional(),
    concurrentRequests: z.int().optional(),
    /** Since midnight (UTC), as far as nodes have told. */
    cpuSeconds: z.number().optional(),
  }),
})
export type QuotaUsage = z.infer<typeof quotaUsageSchema>

/** What a node may take of an account's quotas. */
export const quotaShareSchema = z.strictObject({
  requestsPerSecond: z.number().min(0).optional(),
  concurrentRequests: z.int().min(0).optional(),
})
export type QuotaShare = z.infer<typeof quotaShareSchema>

/** Accounts in one report; a node that has more to tell goes on in the next. */
export const quotaDemandsMax = 2_000
/** A node asks so often for what it may take; sooner where it refuses requests that others may have room for. */
export const quotaReportMs = 2_000

export const quotaDemandSchema = z.strictObject({
  account: nameSchema,
  /** Asked for since the report before, those that were refused too: a second, and at a time. */
  requestsPerSecond: z.number().min(0).max(1e9),
  concurrentRequests: z.int().min(0).max(1e9),
  /** What it goes by now. */
  holds: quotaShareSchema,
  /** CPU time used on this node in `day`. */
  cpuMs: z.number().min(0).max(1e12),
})
export type QuotaDemand = z.infer<typeof quotaDemandSchema>

export const daySchema = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date such as 2030-01-31')

/** `POST /v1/nodes/{node}/quotas`: what is asked of a node, for its share. One at a time: the next is sent when this is answered, or given up. */
export const quotaReportSchema = z.strictObject({ day: daySchema, demands: z.array(quotaDemandSchema).max(quotaDemandsMax) })
export type QuotaReport = z.infer<typeof quotaReportSchema>

export const quotaAnswerSchema = z.strictObject({
  /** Which process of the control plane answers: one that is new wants to hear of every account, of what nobody asks for too. */
  origin: z.string().max(64),
  /** The control plane's date (UTC), which counts, and how much of it is left. */
  day: daySchema,
  dayLeftMs: z.number().min(0),
  accounts: z.array(
    z.strictObject({
      account: nameSchema,
      share: quotaShareSchema,
      /** CPU time of `day`: what is known of this node, and of all others together. */
      cpuMs: z.number().min(0),
      othersCpuMs: z.number().min(0),
    }),
  ),
})
export type QuotaAnswer = z.infer<typeof quotaAnswerSchema>
