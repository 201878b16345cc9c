/** The OpenAPI document as tests go through it: every operation, with a request made up from its schemas. */

type Json = Readonly<Record<string, unknown>>

export interface Operation {
  readonly method: string
  /** With parameters in braces. */
  readonly path: string
  /** One of these is enough; undefined where no token is needed. */
  readonly scopes: readonly string[] | undefined
  readonly pathParameters: readonly string[]
  readonly queryParameters: ReadonlyArray<{ readonly name: string; readonly required: boolean; readonly schema: unknown }>
  /** Media type and schema of the body, where there is one. */
  readonly body: { readonly type: string; readonly schema: unknown } | undefined
  /** The answer may have no end. */
  readonly isStream: boolean
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function readOperations(document: unknown): readonly Operation[] {
  return Object.entries(record(record(document)['paths'])).flatMap(([path, methods]) =>
    Object.entries(record(methods)).map(([method, found]) => {
      const operation = record(found)
      const parameters = list(operation['parameters']).map(record)
      const [body] = Object.entries(record(record(operation['requestBody'])['content']))
      const security = operation['security'] === undefined ? undefined : list(operation['security']).flatMap((one) => list(record(one)['bearer']).map(String))
      return {
        method: method.toUpperCase(),
        path,
        scopes: security,
        pathParameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
        queryParameters: parameters
          .filter((one) => one['in'] === 'query')
          .map((one) => ({ name: String(one['name']), required: one['required'] === true, schema: one['schema'] })),
        body: body === undefined ? undefined : { type: body[0], schema: record(body[1])['schema'] },
        isStream: Object.keys(record(record(record(operation['responses'])['200'])['content'])).includes('application/x-ndjson'),
      }
    }),
  )
}

/** Below `/v1`, with every parameter of the path filled in and the queries that have to be there. Throws where a value is missing. */
export function fillPath(operation: Operation, values: Readonly<Record<string, string>>): string {
  const value = (name: string): string => {
    const found = values[name]
    if (found === undefined) throw new Error(`${operation.method} ${operation.path} has the parameter ${name}: give the test a value for it`)
    return found
  }
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(value(name)))
  const query = operation.queryParameters.filter(({ required }) => required).map(({ name }) => [name, value(name)])
  return query.length === 0 ? path : `${path}?${new URLSearchParams(query).toString()}`
}

/**
 * A small value of a JSON schema; `examples` by name of a property come first (`name[]` for what a list holds), for strings that have to
 * follow a pattern and the like.
 * Throws where neither leads to one.
 */
export function exampleOf(document: unknown, schema: unknown, examples: Readonly<Record<string, unknown>>, name = 'body'): unknown {
  const at = record(schema)
  // Some lists hold names where others hold objects.
  if (Object.hasOwn(examples, name) && !(typeof examples[name] === 'string' && at['type'] === 'object')) return examples[name]
  if (typeof at['$ref'] === 'string') {
    const target = at['$ref'].split('/').slice(1).reduce<unknown>((found, key) => record(found)[key], document)
    return exampleOf(document, target, examples, name)
  }
  if (Object.hasOwn(at, 'default')) return at['default']
  if (Object.hasOwn(at, 'const')) return at['const']
  const choices = [...list(at['enum']).map((value) => ({ const: value })), ...list(at['anyOf']), ...list(at['oneOf'])]
  if (choices.length > 0) return exampleOf(document, choices[0], examples, name)
  switch (Array.isArray(at['type']) ? at['type'][0] : at['type']) {
    case 'object': {
      const properties = record(at['properties'])
      return Object.fromEntries(list(at['required']).map((key) => [String(key), exampleOf(document, properties[String(key)], examples, String(key))]))
    }
    case 'array':
      return Array.from({ length: Number(at['minItems'] ?? 0) }, () => exampleOf(document, at['items'], examples, `${name}[]`))
    case 'integer':
    case 'number':
      return Number(at['minimum'] ?? 0)
    case 'boolean':
      return false
    case 'string':
      if (at['pattern'] === undefined && at['format'] === undefined) return 'x'.repeat(Number(at['minLength'] ?? 1))
      break
    default:
  }
  throw new Error(`no example of ${name} (${JSON.stringify(schema)}): give the test one`)
}
