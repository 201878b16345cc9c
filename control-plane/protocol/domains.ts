import { z } from 'zod'

/** A domain name of at least two labels, in lower case and in the form of DNS (`xn--` for other scripts), without a dot at its end. */
export const domainNameSchema = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'a domain in lower case such as example.com, without port, path, wildcard or a dot at its end')

/** `POST /v1/domains`. */
export const domainRequestSchema = z.strictObject({ domain: domainNameSchema })

/** A domain that an account has asked for. It is the account's once a TXT record at `record` has `value`. */
export const domainSchema = z.strictObject({
  domain: domainNameSchema,
  record: z.string(),
  value: z.string(),
  verified: z.boolean(),
  verifiedMs: z.number().optional(),
  /** When the proof was last looked for. */
  checkedMs: z.number().optional(),
  /** Since when it has not been there; the domain is lost at `lostMs` unless it is there again. */
  missingSinceMs: z.number().optional(),
  lostMs: z.number().optional(),
})
export const domainListSchema = z.strictObject({ domains: z.array(domainSchema) })
export type DomainInfo = z.infer<typeof domainSchema>
