/** As much of a JSON schema as the document of the API has. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minItems?: number
  readonly prefixItems?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
}

/** One string for each pattern of the schemas, by the pattern; a test sees to it that none is missing. */
const byPattern: Readonly<Record<string, string>> = {
  '^[0-9a-f]{64}$': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  '^[a-z0-9]+(?:-[a-z0-9]+)*$': 'hello',
  '^(?:\\*|[a-z]{3})$': '*',
  '^[a-z]{3}$': 'fra',
  '^[A-Za-z_][A-Za-z0-9_]*$': 'API_KEY',
  '^[0-9A-HJKMNP-TV-Z]{26}$': '01JCQZ6V0M3T8N5R7W2X4Y9K1B',
  '^[a-z0-9](?:[a-z0-9._+@-]*[a-z0-9])?$': 'ada@example.com',
  '^\\d{4}-\\d{2}-\\d{2}$': '2026-01-31',
  '^[^\\p{Cc}\\p{Cf}]+$': 'deployments from CI',
}

const byFormat: Readonly<Record<string, string>> = { uri: 'https://fra-1.example.com/', date: '2026-01-31', binary: '' }

/** A value that the schema allows, with all optional parts that an object may have. */
export function exampleOf(schema: Schema): unknown {
  const [given] = schema.examples ?? []
  if (given !== undefined) return given
  if (schema.const !== undefined) return schema.const
  if (schema.default !== undefined) return schema.default
  if (schema.enum !== undefined) return schema.enum[0]
  const [alternative] = schema.anyOf ?? schema.oneOf ?? []
  if (alternative !== undefined) return exampleOf(alternative)
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map(exampleOf)) as unknown
  switch (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) {
    case 'object': return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, of]) => [key, exampleOf(of)]))
    case 'array': return schema.prefixItems?.map(exampleOf) ?? exampleItems(schema)
    case 'integer': return schema.minimum ?? (schema.exclusiveMinimum === undefined ? 1 : schema.exclusiveMinimum + 1)
    case 'number': return schema.minimum ?? (schema.exclusiveMinimum === undefined ? 1 : schema.exclusiveMinimum + 1)
    case 'boolean': return true
    case 'null': return null
    case 'string': return exampleText(schema)
    default: return {}
  }
}

function exampleItems({ items, minItems = 1 }: Schema): unknown[] {
  return items === undefined ? [] : Array.from({ length: Math.max(minItems, 1) }, () => exampleOf(items))
}

function exampleText({ pattern, format, minLength = 0 }: Schema): string {
  const known = (pattern === undefined ? undefined : byPattern[pattern]) ?? (format === undefined ? undefined : byFormat[format])
  return known ?? (pattern === undefined ? 'text' : longestKnown(pattern)).padEnd(minLength, '.')
}

/** Hosts and routes have patterns of many lines: of those it is easier to find what fits. */
function longestKnown(pattern: string): string {
  const expression = new RegExp(pattern, 'u')
  return ['api.example.com/v1/*', 'api.example.com', ...Object.values(byPattern)].find((text) => expression.test(text)) ?? ''
}
