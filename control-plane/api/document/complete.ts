import { type ErrorCode, errorRegistry } from '../../../errors/index.ts'
import { exampleOf, type Schema } from './example.ts'

interface MediaType {
  schema: Schema
  example?: unknown
}
interface Answer {
  description: string
  content?: Record<string, MediaType>
  headers?: Record<string, unknown>
}
interface Parameter {
  name: string
  in: string
  schema: Schema
  required?: boolean
  description?: string
  example?: unknown
}
export interface Operation {
  summary?: string
  operationId?: string
  tags?: string[]
  parameters?: Array<Parameter | { $ref: string }>
  requestBody?: { content: Record<string, MediaType> }
  responses: Record<string, Answer | { $ref: string }>
  security?: Array<Record<string, string[]>>
}
export interface Document {
  openapi: string
  info: Record<string, unknown>
  paths: Record<string, Record<string, Operation>>
  components?: Record<string, Record<string, unknown>>
  tags?: Array<{ name: string; description: string }>
}

const changing: ReadonlySet<string> = new Set(['post', 'put', 'patch', 'delete'])
/** Requests that do not heed an idempotency key; see `hasIdempotencyKey`. */
const withoutKey = /^\/v1\/(?:artifacts|nodes)\//
/** What may be answered to every request, and to those that change something. */
const statusesOfAll = [400, 401, 403, 404, 429, 500, 503]
const statusesOfChanges = [409, 413, 422, 507]

const parameterDescriptions: Readonly<Record<string, string>> = {
  limit: 'How many the page holds at most.',
  cursor: '`nextCursor` of the page before.',
}

/** The document with what is the same for all operations: names, examples, every status that there is, and the headers that all heed. */
export function completeDocument(made: Document): Document {
  const document = structuredClone(made)
  fixPatterns(document)
  const statuses = new Set([...statusesOfAll, ...statusesOfChanges])
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) completeOperation(operation, method, path)
  }
  document.components = {
    ...document.components,
    parameters: {
      idempotencyKey: {
        name: 'Idempotency-Key', in: 'header', description: 'Requests that come again with the same key within 24 h are carried out once, and answered alike.',
        schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' }, example: 'run-4711',
      },
      account: {
        name: 'x-skerry-account', in: 'header', description: 'The account that an operator acts on, instead of that of the token.', schema: { type: 'string' }, example: 'acme',
      },
    },
    responses: Object.fromEntries([...statuses].map((status) => [`Refused${status}`, problemAnswer(status)])),
  }
  document.tags = [...new Set(Object.keys(document.paths).map(tagOf))].map((name) => ({ name, description: `Everything below /v1/${name}.` }))
  return document
}

function completeOperation(operation: Operation, method: string, path: string): void {
  operation.operationId ??= operationIdOf(method, path)
  operation.tags ??= [tagOf(path)]
  for (const parameter of operation.parameters ?? []) {
    if (!('name' in parameter)) continue
    parameter.description ??= parameterDescriptions[parameter.name] ?? `The ${parameter.name}.`
    if (parameter.required === true) parameter.example = exampleOf(parameter.schema)
  }
  for (const media of Object.values(operation.requestBody?.content ?? {})) if (media.schema.format !== 'binary') media.example = exampleOf(media.schema)
  for (const answer of Object.values(operation.responses)) {
    if (!('content' in answer)) continue
    answer.headers = { 'x-skerry-id': { description: 'The id of the request.', schema: { type: 'string' } } }
    for (const media of Object.values(answer.content ?? {})) if (media.schema.format !== 'binary') media.example = exampleOf(media.schema)
  }
  if (!path.startsWith('/v1/') || (operation.security ?? []).length === 0) return
  operation.parameters = [
    ...(operation.parameters ?? []),
    { $ref: '#/components/parameters/account' },
    ...(changing.has(method) && !withoutKey.test(path) ? [{ $ref: '#/components/parameters/idempotencyKey' }] : []),
  ]
  for (const status of [...statusesOfAll, ...(changing.has(method) ? statusesOfChanges : [])]) {
    operation.responses[status] ??= { $ref: `#/components/responses/Refused${status}` }
  }
}

/** `GET /v1/functions/{name}/versions` is `getFunctionsByNameVersions`. */
function operationIdOf(method: string, path: string): string {
  const words = path.replace('/v1/', '/').split('/').filter((part) => part !== '').flatMap((part) =>
    part.startsWith('{') ? ['By', part.slice(1, -1)] : part.split(/[-.]/))
  return [method, ...words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)].join('')
}

function tagOf(path: string): string {
  return path.split('/').find((part) => part !== '' && part !== 'v1') ?? 'v1'
}

function problemAnswer(status: number): Answer {
  const codes = Object.entries(errorRegistry).filter(([, definition]) => definition.status === status).map(([code]) => code)
  const [code] = codes
  const example = code === undefined ? undefined : {
    type: `urn:skerry:error:${code}`, title: errorRegistry[code as ErrorCode].title, status, code, detail: errorRegistry[code as ErrorCode].remedy,
    requestId: '01JCQZ6V0M3T8N5R7W2X4Y9K1B',
  }
  const schema = {
    type: 'object', required: ['type', 'title', 'status', 'code', 'detail'],
    properties: {
      type: { type: 'string' }, title: { type: 'string' }, status: { const: status }, code: { type: 'string', enum: codes }, detail: { type: 'string' },
      field: { type: 'string', description: 'What is at fault in the request.' }, requestId: { type: 'string' },
    },
  }
  return {
    description: `Refused: ${codes.map((one) => `\`${one}\``).join(', ')}.`,
    headers: { 'x-skerry-error': { description: 'The code once more.', schema: { type: 'string' } } },
    content: { 'application/problem+json': { schema, ...(example === undefined ? {} : { example }) } },
  }
}

/** The generator leaves the flags of an expression behind its pattern. */
function fixPatterns(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if ('pattern' in value && typeof value.pattern === 'string') value.pattern = value.pattern.replace(/\/u$/, '')
  for (const inner of Object.values(value)) fixPatterns(inner)
}
