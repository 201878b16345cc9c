import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { generateSource } from 'oazapfts'
import { afterAll, expect, it } from 'vitest'
import { exampleOf, type Document, type Operation, type Schema } from './api/document/index.ts'
import { done, useOneControlPlane } from './testing/harness.ts'

/**
 * A client generated from the document calls every operation of it at a control plane, and every answer is checked against the schema
 * that the document has for its status.
 */
const harness = useOneControlPlane()
const directory = join(import.meta.dirname, '..', '.skerry', `generated-${process.pid}`)
afterAll(() => rm(directory, { recursive: true, force: true }))

type Call = (parameters: Readonly<Record<string, unknown>>) => Promise<unknown>
interface GeneratedClient {
  readonly defaults: { baseUrl?: string; headers?: Record<string, string>; fetch?: typeof fetch }
  readonly functions: Readonly<Record<string, Call>>
}
interface Called {
  readonly id: string
  readonly operation: Operation
  readonly method: string
  readonly path: string
}

async function generate(document: Document): Promise<GeneratedClient> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'document.json'), JSON.stringify(document))
  const file = join(directory, 'client.ts')
  await writeFile(file, await generateSource(join(directory, 'document.json'), { argumentStyle: 'object' }))
  const { defaults, ...functions } = (await import(/* @vite-ignore */ file)) as { defaults: GeneratedClient['defaults'] } & Record<string, Call>
  return { defaults, functions }
}

/** What the answers to each status have to look like. */
class Answers {
  readonly #ajv = new Ajv2020({ strict: false })
  readonly #document: Document

  constructor(document: Document) {
    addFormats.default(this.#ajv)
    this.#document = document
  }

  async check({ id, operation }: Called, response: Response): Promise<void> {
    const found = operation.responses[response.status]
    const answer = found !== undefined && '$ref' in found ? this.#document.components?.['responses']?.[found.$ref.split('/').at(-1) ?? ''] : found
    expect.soft(answer, `${id} answered ${response.status}, which the document does not have`).toBeDefined()
    const content = (answer as { content?: Record<string, { schema: Schema }> } | undefined)?.content ?? {}
    const type = response.headers.get('content-type')?.split(';')[0] ?? ''
    expect.soft(Object.keys(content), `${id} answered ${response.status}`).toContain(type)
    const schema = content[type]?.schema
    if (schema === undefined || schema.format === 'binary') return
    const text = await response.text()
    const values = type === 'application/x-ndjson' ? text.trim().split('\n').filter((line) => line !== '') : [text]
    const validate: ValidateFunction = this.#ajv.compile(schema)
    for (const value of values) {
      validate(JSON.parse(value))
      expect.soft(validate.errors, `${id} answered ${response.status} ${value.slice(0, 500)}`).toBeNull()
    }
  }
}

/** The first bytes of an answer that has no end; of the tail, which says nothing by itself, the head. */
async function beginningOf(response: Response, path: string): Promise<Response> {
  const reader = response.body?.getReader()
  const first = path === '/v1/feed' ? await reader?.read() : undefined
  await reader?.cancel()
  return new Response(Buffer.from(first?.value ?? []), { status: response.status, headers: response.headers })
}

const versionPattern = '^[0-9A-HJKMNP-TV-Z]{26}$'
const hashPattern = '^[0-9a-f]{64}$'
const endless: ReadonlySet<string> = new Set(['/v1/feed', '/v1/functions/{name}/tail'])

/** What takes more than one call to come to: each answered with a refusal of the document. */
const refusedHere = [
  'deletePeersByKindByName', 'deletePeersInvitationsById', 'postDomainsByDomainVerification', 'postInvitationsAcceptance', 'postJoin', 'putCredential',
]

it('passes with a client that is generated from the document', async () => {
  const { client, plane } = harness
  const document = (await (await fetch(`${plane.url}/v1/openapi.json`)).json()) as Document
  const { defaults, functions } = await generate(document)
  const answers = new Answers(document)
  const calls: Called[] = Object.entries(document.paths).flatMap(([path, of]) =>
    Object.entries(of).map(([method, operation]) => ({ id: operation.operationId ?? '', operation, method, path })))

  await harness.startNode('fra-1')
  const script = 'export default {}'
  const artifactHash = await client.upload(script)
  const sourceMapHash = await client.upload('{"version":3,"sources":[],"names":[],"mappings":""}', 'source-map')
  await client.deploy('hello', script, { sourceMapHash })
  const { versions } = (await client.json('GET', '/v1/functions/hello/versions')) as { versions: Array<{ version: string }> }
  const version = versions[0]?.version ?? ''

  for (const text of ['1', '2']) await client.deploy('twice', text)
  await client.deploy('next', '1')
  const next = done(await client.deploy('next', '2', {}, { activate: false })).functions[0]?.version
  const { id: tokenId } = (await client.json('POST', '/v1/tokens', { name: 'ci', scopes: ['read'] })) as { id: string }

  /** What the examples of the document do not know: what there is at this control plane. */
  const known: Readonly<Record<string, unknown>> = { name: 'hello', version, hash: artifactHash, node: 'fra-1', id: tokenId }
  const bodies: Readonly<Record<string, unknown>> = {
    'PUT /v1/artifacts/{hash}': new Blob([script]),
    'POST /v1/deployments': { functions: [{ name: 'hello', artifactHash, sourceMapHash, config: {}, routes: ['hello.example.com/*'] }] },
    'POST /v1/functions/{name}/releases': { shares: [{ version, percent: 100 }] },
    'POST /v1/releases': { functions: [{ name: 'hello', shares: [{ version, percent: 100 }] }] },
    'POST /v1/rollbacks': { functions: ['twice'] },
    'POST /v1/rollouts': { functions: [{ name: 'next', version: next }], steps: [50, 100] },
    'POST /v1/tokens': { name: 'ci', scopes: ['deploy'] },
    'POST /v1/nodes/{node}/logs': {
      events: [{ timeMs: 1, node: 'fra-1', region: 'fra', account: 'default', function: 'hello', version, kind: 'console', level: 'log', text: 'x' }],
    },
  }

  const exampleBody = ({ operation }: Called): unknown => operation.requestBody?.content['application/json']?.example
  const [exampleVersion, exampleHash] = [exampleOf({ type: 'string', pattern: versionPattern }), exampleOf({ type: 'string', pattern: hashPattern })].map(String)
  const real = (example: unknown): unknown =>
    example && JSON.parse(JSON.stringify(example).replaceAll(exampleVersion ?? '', version).replaceAll(exampleHash ?? '', artifactHash))

  const succeeded = new Set<string>()
  let under: Called | undefined
  defaults.baseUrl = plane.url
  defaults.fetch = async (input, init) => {
    if (under === undefined) throw new Error('nothing is called')
    const answered = await fetch(input, init)
    const response = endless.has(under.path) && answered.ok ? await beginningOf(answered, under.path) : answered
    if (response.ok) succeeded.add(under.id)
    await answers.check(under, response.clone())
    // What is not one JSON value is no business of the generated client.
    return response.headers.get('content-type') === 'application/x-ndjson' ? new Response('{}', { status: response.status }) : response
  }

  // What is made comes first, and what is removed last, the innermost before what holds it.
  const order = ['put', 'post', 'get', 'patch', 'delete']
  for (const called of calls.toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method) || b.path.length - a.path.length)) {
    under = called
    const { id, operation, method, path } = called
    const scopes = (operation.security ?? []).flatMap(({ bearer = [] }) => bearer)
    const token = scopes.length === 1 && scopes[0] === 'node' ? plane.nodeToken : plane.adminToken
    defaults.headers = { authorization: `Bearer ${token}` }
    const example = real(exampleBody(called))
    // A node that drains takes no release.
    const body = bodies[`${method.toUpperCase()} ${path}`] ?? (id === 'putNodesByNode' ? { ...(example as object), draining: false } : example)
    const parameters = Object.fromEntries((operation.parameters ?? []).flatMap((parameter) =>
      'name' in parameter && parameter.required === true ? [[parameter.name, (path.includes('rollout') && parameter.name === 'name' ? 'next' : known[parameter.name]) ?? exampleOf(parameter.schema)]] : []))
    const call = functions[id]
    expect(call, `the generated client has no ${id}`).toBeDefined()
    await call?.({ ...parameters, ...(body === undefined ? {} : { body }) })
  }
  expect(calls.map(({ id }) => id).filter((id) => !succeeded.has(id)).toSorted()).toEqual(refusedHere)
})
