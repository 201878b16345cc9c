import { z } from 'zod'
import { projectSchema } from '../../control-plane/protocol/index.ts'

/** What editors show beside a key while it is completed. */
const descriptions: Readonly<Record<string, string>> = {
  $schema: 'Where this schema stands; editors complete and check by it.',
  name: 'Name of the function: a-z, 0-9 and single inner hyphens, at most 35 characters. It becomes the host name.',
  main: 'The entry module, TypeScript or JavaScript, relative to this file.',
  routes: 'Hosts and paths besides the default host name, such as "api.example.com/v1/*".',
  functions: 'Several functions that are released together, all or none.',
  env: 'Plain values. Secrets are set with `skerry secret put`.',
  limits: 'What one request (or isolate) may use.',
  memoryMb: 'Memory of an isolate in MB.',
  cpuMs: 'CPU time of a request in milliseconds.',
  wallMs: 'Time until the head of the answer in milliseconds.',
  idleMs: 'Time between chunks of a body in milliseconds.',
  subrequests: 'Requests that one request may make.',
  requestBodyMb: 'Size of a request body in MB.',
  isolation: '"function" shares an isolate between requests, "request" gives each request a fresh one.',
  provisioned: 'Isolates that every node keeps warm.',
  concurrency: 'Requests at a time on one node.',
  max: 'Requests of this function at a time on one node; more are refused with 429.',
  reserved: 'Capacity that is kept free for this function.',
  regions: 'Where it may run: "*" or IATA airport codes such as "fra".',
  kv: 'Names of key-value namespaces in `env`.',
  queues: 'Queues that it sends to and consumes.',
  producers: 'Name in `env` to name of the queue.',
  consumers: 'Queues whose messages come to its `queue` handler.',
  crons: 'Times at which its `scheduled` handler runs, as cron expressions in UTC.',
  outbound: 'Hosts that it may call. Every public one unless told otherwise.',
  allow: 'Hosts that it may call, and no others: "api.example.com", "*.example.com", "api.example.com:8443" or a CIDR. Opens nothing that is not public.',
  deny: 'Hosts that it may not call, in the same forms or "*" for all. Stands above allow.',
  placement: 'Where it is run of the nodes that may run it.',
  mode: '"smart" runs it near its back end where that is measured to answer sooner, "off" where clients come in.',
  services: 'Name in `env` to name of the function that it calls.',
}

type SchemaNode = { readonly [key: string]: unknown }

const isNode = (value: unknown): value is SchemaNode => typeof value === 'object' && value !== null && !Array.isArray(value)

function describe(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(describe)
  if (!isNode(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => {
      if (key !== 'properties' || !isNode(child)) return [key, describe(child)]
      const properties = Object.entries(child).map(([name, property]) => {
        const description = descriptions[name]
        const described = describe(property)
        return [name, description === undefined || !isNode(described) ? described : { description, ...described }]
      })
      return [key, Object.fromEntries(properties)]
    }),
  )
}

/** The JSON Schema (draft 7, which editors know best) of `skerry.jsonc`, generated from the schema that validates it. */
export function projectJsonSchema(): Readonly<Record<string, unknown>> {
  const generated = z.toJSONSchema(projectSchema, { io: 'input', target: 'draft-7', reused: 'inline' })
  const described = describe(generated)
  return { title: 'Skerry project file', ...(isNode(described) ? described : {}) }
}
