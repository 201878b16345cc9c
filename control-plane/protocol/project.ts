import { z } from 'zod'

/** The project file `skerry.jsonc`: what a publisher writes, and the configuration that a version carries. */

const namePattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/** Name of a function or an account: letters, digits, single inner hyphens, so that `VERSION--FUNCTION` is unambiguous. */
export const nameSchema = z
  .string()
  .max(35, 'at most 35 characters')
  .regex(namePattern, 'only a-z, 0-9 and single - between them')

export const environmentKeySchema = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _, not starting with a digit')
  .refine((key) => key !== '__proto__', 'not __proto__, which objects take for something else')

const environmentBytesMax = 5 * 1024
export const environmentValueSchema = z
  .string()
  .refine((value) => new TextEncoder().encode(value).length <= environmentBytesMax, 'at most 5 KB')

/** `host/path`, the path ending in `*` for a prefix. No scheme, no port, no query. */
export const routeSchema = z
  .string()
  .max(512)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\/[^\s?#*]*\*?$/,
    'host/path in lower case, such as api.example.com/v1/*, with a * only at the end',
  )

export const limitsSchema = z
  .strictObject({
    memoryMb: z.int().min(16).max(2_048).default(128),
    cpuMs: z.int().min(1).max(30_000).default(50),
    wallMs: z.int().min(1).max(900_000).default(30_000),
    idleMs: z.int().min(1).max(900_000).default(30_000),
    subrequests: z.int().min(0).max(10_000).default(50),
    requestBodyMb: z.int().min(0).max(102_400).default(100),
  })
  .prefault({})

export const concurrencySchema = z
  .strictObject({ max: z.int().min(1).max(100_000).default(200), reserved: z.int().min(0).max(100_000).default(0) })
  .prefault({})

const outboundTargetsMax = 100

/**
 * A host that a function may call or not: `HOST`, `*.HOST` for those below it, `*` for every one, an address (IPv6 in brackets), each with `:PORT`
 * or without; or a range of addresses as CIDR.
 */
export const outboundTargetSchema = z
  .string()
  .max(260)
  .regex(
    /^(?:\*|(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$|^[0-9a-f:.]+\/[0-9]{1,3}$/,
    'a host in lower case such as api.example.com, *.example.com or api.example.com:8443, or a CIDR',
  )
  .refine(isOutboundTarget, 'a host, or a CIDR, that there can be')

function isOutboundTarget(text: string): boolean {
  if (text.includes('/')) return z.cidrv4().safeParse(text).success || z.cidrv6().safeParse(text).success
  const [, host = '', port = '1'] = /^(\*|(?:\*\.)?[^:*[\]]+|\[[^\]]+\])(?::(\d+))?$/.exec(text) ?? []
  if (host === '' || Number(port) > 65_535) return false
  if (host === '*') return true
  const url = URL.parse(`http://${host.replace(/^\*\./, '')}/`)
  // An address has nothing below it.
  return url !== null && !(host.startsWith('*.') && z.ipv4().safeParse(url.hostname).success)
}

/** Where a function may call: with `allow` only there, with `deny` not there, whatever else says. It opens nothing that is not public. */
export const outboundSchema = z
  .strictObject({
    allow: z.array(outboundTargetSchema).max(outboundTargetsMax).default([]),
    deny: z.array(outboundTargetSchema).max(outboundTargetsMax).default([]),
  })
  .prefault({})

const bindingNames = z.array(environmentKeySchema).max(64).default([])

/** Whether it may be run near its back end where that answers clients sooner; see docs/placement.md. */
export const placementSchema = z.strictObject({ mode: z.enum(['off', 'smart']) })

/** What of a function's configuration belongs to a version (immutable), all defaults filled in. */
export const versionConfigSchema = z.strictObject({
  env: z
    .record(environmentKeySchema, environmentValueSchema)
    .refine((env) => Object.keys(env).length <= 64, 'at most 64 values')
    .default({}),
  limits: limitsSchema,
  isolation: z.enum(['function', 'request']).default('function'),
  /** `own`: its isolates share processes with no other function's. */
  cells: z.enum(['shared', 'own']).default('shared'),
  provisioned: z.int().min(0).max(100).default(0),
  concurrency: concurrencySchema,
  regions: z
    .array(z.string().regex(/^(?:\*|[a-z]{3})$/, '* or an IATA airport code such as fra'))
    .min(1)
    .max(300)
    .default(['*']),
  kv: bindingNames,
  queues: z
    .strictObject({
      producers: z.record(environmentKeySchema, nameSchema).default({}),
      consumers: z.array(nameSchema).max(16).default([]),
    })
    .prefault({}),
  crons: z.array(z.string().max(100)).max(16).default([]),
  outbound: outboundSchema,
  services: z.record(environmentKeySchema, nameSchema).default({}),
  placement: placementSchema.optional(),
})
export type VersionConfig = z.infer<typeof versionConfigSchema>

export const routesSchema = z.array(routeSchema).max(100).default([])

/** One function in the project file: a version's configuration, plus what belongs to the function or stays with the publisher. */
export const functionProjectSchema = versionConfigSchema.extend({
  name: nameSchema,
  main: z.string().min(1).max(1_024),
  routes: routesSchema,
})
export type FunctionProject = z.infer<typeof functionProjectSchema>

export const projectSchema = z.union([
  functionProjectSchema.extend({ $schema: z.string().optional() }),
  z.strictObject({ $schema: z.string().optional(), functions: z.array(functionProjectSchema).min(1).max(100) }),
])
