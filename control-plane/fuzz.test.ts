import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { isErrorCode } from '../errors/index.ts'
import { exampleOf, type Document, type Operation } from './api/document/index.ts'
import { problemSchema } from './protocol/index.ts'
import { useOneControlPlane } from './testing/harness.ts'
import { bodiesOf, type RawBody, textsOf } from './testing/request-arbitrary.ts'

/**
 * Every field of every request, fuzzed from the schemas of the document: whatever comes, the answer is none of 500, and a refusal is a
 * problem document that names the field. `SKERRY_FUZZ_RUNS` and `SKERRY_FUZZ_SEED` choose how many requests each operation gets, and which.
 */
const runs = Number(process.env['SKERRY_FUZZ_RUNS'] ?? 20)
const seed = Number(process.env['SKERRY_FUZZ_SEED'] ?? 20_260_131)

const harness = useOneControlPlane()
let document: Document

beforeAll(async () => {
  document = (await (await fetch(`${harness.plane.url}/v1/openapi.json`)).json()) as Document
  await harness.startNode('fra-1')
  await harness.client.deploy('hello', '1')
})

interface Requested {
  readonly path: string
  readonly body: RawBody | undefined
  readonly headers: Readonly<Record<string, string>>
}

function requestsOf(path: string, operation: Operation): fc.Arbitrary<Requested> {
  const parameters = (operation.parameters ?? []).flatMap((parameter) => ('name' in parameter ? [parameter] : []))
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  const inQuery = parameters.filter((parameter) => parameter.in === 'query')
  const values = fc.record(Object.fromEntries(inPath.map(({ name, schema }) => [name, textsOf(schema, String(exampleOf(schema)))])))
  const query = fc.record(Object.fromEntries(inQuery.map(({ name, schema }) => [name, textsOf(schema, String(exampleOf(schema)))])), { requiredKeys: inQuery.filter(({ required }) => required).map(({ name }) => name) })
  const schema = operation.requestBody?.content['application/json']?.schema
  const headers = fc.oneof(
    { weight: 6, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.stringMatching(/^[\x20-\x7e]{0,20}$/).map((key) => ({ 'idempotency-key': key })) },
    { weight: 1, arbitrary: fc.stringMatching(/^[\x21-\x7e]{0,20}$/).map((account) => ({ 'x-skerry-account': account })) },
  )
  return fc.tuple(values, query, schema === undefined ? fc.constant(undefined) : bodiesOf(schema), headers).map(([of, found, body, more]) => {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encode(String(of[name])))
    const search = Object.entries(found).map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
    return { path: search === '' ? filled : `${filled}?${search}`, body, headers: more }
  })
}

/** As a client may send it: what can not be encoded goes as a broken sequence. */
function encode(text: string): string {
  try {
    return text === '%zz' ? text : encodeURIComponent(text)
  } catch {
    return '%ED%A0%80'
  }
}

async function check(method: string, operation: Operation, { path, body, headers }: Requested): Promise<void> {
  const isForNodes = (operation.security ?? []).every(({ bearer = [] }) => bearer.every((scope) => scope === 'node'))
  const abort = new AbortController()
  const response = await fetch(`${harness.plane.url}${path}`, {
    method: method.toUpperCase(), signal: abort.signal,
    headers: {
      authorization: `Bearer ${isForNodes ? harness.plane.nodeToken : harness.plane.adminToken}`, ...headers,
      ...(body === undefined || body.contentType === '' ? {} : { 'content-type': body.contentType }),
    },
    ...(body === undefined ? {} : { body: Buffer.from(body.bytes) }),
  })
  if (response.ok) {
    // Feed and tail do not end.
    abort.abort()
    return
  }
  const text = await response.text()
  const problem = problemSchema.parse(JSON.parse(text))
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(problem.status).toBe(response.status)
  expect(isErrorCode(problem.code)).toBe(true)
  if (response.status >= 500) expect(text).toMatch(/"code":"(?:overloaded|storage_full|no_nodes)"/)
  if (problem.code === 'invalid_request') expect(problem.field, text).toMatch(/./)
}

/** These reach beyond one request: they remove what the others need. */
const leftOut = new Set(['delete /v1/accounts/{account}', 'delete /v1/functions/{name}'])

describe('the API', () => {
  it(`answers ${runs} strange requests to each operation without a fault of its own`, async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        if (leftOut.has(`${method} ${path}`)) continue
        const property = fc.asyncProperty(requestsOf(path, operation), (requested) => check(method, operation, requested))
        await fc.assert(property, { seed, numRuns: runs })
      }
    }
  }, Math.max(60_000, runs * 2_000))
})
