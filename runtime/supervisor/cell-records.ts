/** The JSON of a cell's frames, checked: a cell is hostile. Each parser throws where the payload is not what it must be. */
import type { Buffer } from 'node:buffer'
import { z } from 'zod'
import { measuresMax } from '../bridge/index.ts'

const loadOutcomeSchema = z.discriminatedUnion('loaded', [
  z.object({ loaded: z.literal(true), startMs: z.number(), cpuMs: z.number() }),
  z.object({ loaded: z.literal(false), code: z.string(), message: z.string(), stack: z.string() }),
])
const isolateLossSchema = z.object({
  code: z.string(),
  message: z.string(),
  exchange: z.int(),
  limit: z.number().optional(),
  used: z.number().optional(),
})
const logSchema = z.object({
  kind: z.enum(['console', 'exception']),
  level: z.string().max(16),
  text: z.string(),
  stack: z.string().optional(),
  isolate: z.int(),
})
const resetSchema = z.object({
  code: z.string(),
  message: z.string(),
  stack: z.string().optional(),
  inbound: z.boolean().optional(),
  limit: z.number().optional(),
  used: z.number().optional(),
})

const measuresSchema = z.array(z.object({ isolate: z.int(), bytes: z.number() })).max(measuresMax)

export interface CellFrameRecords {
  readonly loadOutcome: z.infer<typeof loadOutcomeSchema>
  readonly log: z.infer<typeof logSchema>
}

/** What arrived without a value is left out, as exact optional properties want it. */
type Exact<T> = { [K in keyof T]: Exclude<T[K], undefined> }

function parse<T>(schema: z.ZodType<T>, payload: Buffer): Exact<T> {
  return schema.parse(JSON.parse(payload.toString('utf8'))) as Exact<T>
}

export const parseMeasures = (payload: Buffer): z.infer<typeof measuresSchema> => parse(measuresSchema, payload)
export const parseLoadOutcome = (text: string): CellFrameRecords['loadOutcome'] => loadOutcomeSchema.parse(JSON.parse(text))
export const parseIsolateLoss = (payload: Buffer): Exact<z.infer<typeof isolateLossSchema>> => parse(isolateLossSchema, payload)
export const parseCellLog = (payload: Buffer): CellFrameRecords['log'] => parse(logSchema, payload)
export const parseReset = (payload: Buffer): Exact<z.infer<typeof resetSchema>> => parse(resetSchema, payload)
