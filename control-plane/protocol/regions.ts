import { z } from 'zod'
import { nameSchema } from './project.ts'

export const regionSchema = z.string().regex(/^[a-z]{3}$/, 'an IATA airport code such as fra')

/** Regions to which an account is held. */
export const residentRegionsSchema = z.array(regionSchema).min(1).max(300)

/** `PATCH /v1/accounts/{account}/residency`: `["*"]` lifts it. */
export const residencyRequestSchema = z.strictObject({
  regions: z
    .array(z.string().regex(/^(?:\*|[a-z]{3})$/, '* or an IATA airport code such as fra'))
    .min(1)
    .max(300)
    .refine((regions) => regions.length === 1 || !regions.includes('*'), 'either * alone, or regions'),
})

/** Where the functions of an account may run, and what of them may be kept; see docs/residency.md. */
export const residencySchema = z.strictObject({ account: nameSchema, regions: z.array(z.string()) })
export type Residency = z.infer<typeof residencySchema>

/** What became of a change. */
export const residencyChangeSchema = residencySchema.extend({
  /** Left out where nothing changed. */
  revision: z.int().optional(),
  /** Functions whose active version may run nowhere any more. */
  homeless: z.array(nameSchema),
  /** Nodes outside that have told that nothing of the account is left there. */
  cleared: z.array(nameSchema),
  /** Nodes outside that have not: they go by what they knew until they hear of it. */
  missing: z.array(nameSchema),
})
export type ResidencyChange = z.infer<typeof residencyChangeSchema>

/**
 * Where a version may run: its own regions, as far as its account is not held to others. `['*']` is everywhere, none is nowhere.
 *
 * @param residency the regions that the account is held to; undefined for any
 */
export function regionsWithin(regions: readonly string[], residency: readonly string[] | undefined): readonly string[] {
  if (residency === undefined) return regions.includes('*') ? everywhere : regions
  return regions.includes('*') ? residency : regions.filter((region) => residency.includes(region))
}

const everywhere: readonly string[] = ['*']

/** As `regionsWithin`, for one region. */
export function mayRunIn(regions: readonly string[], residency: readonly string[] | undefined, region: string): boolean {
  return (regions.includes('*') || regions.includes(region)) && (residency === undefined || residency.includes(region))
}
