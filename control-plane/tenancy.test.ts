import { createHash } from 'node:crypto'
import { beforeAll, expect, it } from 'vitest'
import { ApiClient } from './testing/api-client.ts'
import { done, useOneControlPlane } from './testing/harness.ts'
import { exampleOf, fillPath, type Operation, readOperations } from './testing/open-api.ts'

/**
 * Every route of the OpenAPI document, with every kind of token. A route that is new is in here by itself; where its parameters or its
 * body can not be made up from the document, a test fails and wants an example here.
 */
// Nobody answers there: proofs of domains are looked for, and not found.
const harness = useOneControlPlane({ resolvers: ['127.0.0.1:1'] })

type Values = Readonly<Record<string, string>>
/** What the other account has. */
const theirs: Record<string, string> = { account: 'victim-corp', name: 'victim-function', key: 'VICTIM_KEY', member: 'victim-ann', node: 'fra-1', domain: 'victim.example' }
/** Things of the same kinds that nobody has. */
const nobodys: Values = {
  account: 'vanished-corp', name: 'vanished-function', key: 'VANISHED_KEY', member: 'vanished-ann', node: 'van-1', domain: 'vanished.example', id: '01JBBBBBBBBBBBBBBBBBBBBBBB',
  version: '01JAAAAAAAAAAAAAAAAAAAAAAA', hash: '0'.repeat(64), kind: 'node',
}
const script = 'export default {}'
const ownHash = createHash('sha256').update(script).digest('hex')

/** What can not be made up from a schema: properties of bodies by their name. */
const bodyExamples: Readonly<Record<string, unknown>> = { artifactHash: ownHash, routes: [], percent: 100, steps: [50, 100], credentialHash: '1'.repeat(64) }

const grants: Readonly<Record<string, readonly string[]>> = {
  admin: ['admin', 'deploy', 'read'], deploy: ['deploy', 'read'], read: ['read'], node: ['node'], operator: ['operator'], function: [], invitation: ['invitation'],
}
const publicPaths = ['/healthz', '/readyz', '/v1/openapi.json']
/** What a route wants that takes no token of accounts at all. */
const otherBearers = ['invitation', 'credential']
const takesTokens = ({ scopes }: Operation): boolean => scopes?.some((scope) => !otherBearers.includes(scope)) === true

let document: unknown
let operations: readonly Operation[] = []
const tokens: Record<string, string> = {}
/** The same of an account that is just like the other. */
const twinTokens: Record<string, string> = {}
let victim: ApiClient

const clientOf = (token: string): ApiClient => new ApiClient(harness.plane.url, token)

async function createToken(account: string, scopes: readonly string[], more: Record<string, unknown> = {}): Promise<string> {
  const response = await harness.client.call('POST', '/v1/tokens', { name: scopes.join(' '), scopes, ...more }, { 'x-skerry-account': account })
  const { token } = (await response.json()) as { token: string }
  return token
}

beforeAll(async () => {
  await harness.startNode('fra-1')
  document = await harness.client.json('GET', '/v1/openapi.json')
  operations = readOperations(document)
  for (const account of [theirs['account'], 'other-corp', 'other-twin']) await harness.client.json('POST', '/v1/accounts', { account })
  victim = clientOf(await createToken('victim-corp', ['admin']))
  const { functions } = done(await victim.deploy('victim-function', 'victim script', {}, { message: 'victim message' }))
  await victim.json('PUT', '/v1/functions/victim-function/secrets/VICTIM_KEY', { value: 'victim value' })
  await victim.json('PUT', '/v1/members/victim-ann', { role: 'viewer' })
  await victim.json('POST', '/v1/domains', { domain: 'victim.example' })
  const { id } = (await victim.json('POST', '/v1/tokens', { name: 'victim token', scopes: ['read'] })) as { id: string }
  Object.assign(theirs, { id, version: functions[0]?.version, hash: createHash('sha256').update('victim script').digest('hex'), kind: 'node' })
  tokens['operator'] = await createToken('default', ['operator'])
  for (const [account, made] of [['other-corp', tokens], ['other-twin', twinTokens]] as const) {
    for (const scope of ['admin', 'deploy', 'read', 'node']) made[scope] = await createToken(account, [scope])
    made['function'] = await createToken(account, ['deploy'], { functions: ['own-function'] })
    const admin = clientOf(made['admin'] ?? '')
    const { invitation } = (await admin.json('PUT', '/v1/members/ben', { role: 'viewer' })) as { invitation: string }
    made['invitation'] = invitation
    await admin.upload(script)
  }
})

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly text: string
}

/** One call; of an answer without end, only the beginning is read. */
async function call(token: string | undefined, operation: Operation, values: Values, body?: unknown): Promise<Answer> {
  const path = fillPath(operation, values)
  const isBytes = operation.body?.type === 'application/octet-stream'
  const response = await fetch(`${harness.plane.url}${path}`, {
    method: operation.method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isBytes ? script : JSON.stringify(body) }),
  })
  const isEndless = operation.isStream && response.status === 200 && operation.method === 'GET'
  if (isEndless) await response.body?.cancel()
  return { status: response.status, code: response.headers.get('x-skerry-error') ?? undefined, text: isEndless ? '' : await response.text() }
}

/** As `call`, with a body that the document allows. */
function request(token: string | undefined, operation: Operation, values: Values): Promise<Answer> {
  const examples = { ...values, 'functions[]': values['name'], ...bodyExamples }
  const { body } = operation
  return call(token, operation, values, body === undefined ? undefined : body.type === 'application/json' ? exampleOf(document, body.schema, examples) : script)
}

/** What an answer tells, without what the caller has sent himself and what is of this request only. */
function told({ status, text }: Answer, values: Values): string {
  const sent = Object.entries(values).filter(([name]) => name !== 'node' && name !== 'kind').toSorted(([, a], [, b]) => b.length - a.length)
  const without = sent.reduce((rest, [name, value]) => rest.replaceAll(value, `{${name}}`), text)
  return `${status} ${without.replaceAll(/other-(?:corp|twin)/g, 'OWN').replaceAll(/[0-9A-HJKMNP-TV-Z]{26}/g, 'ULID').replaceAll(/[0-9a-f]{32,64}/g, 'HEX').replaceAll(/,"lastUsedMs":\d+|repeat in \d+ s/g, '').replaceAll(/"(requestId|revision|[a-zA-Z]*Ms|token|prefix|invitation)":("[^"]*"|[\d.]+)/g, '"$1"')}`
}

/** Others are refused before their body is looked at. */
function mayTry(kind: string, { scopes }: Operation): boolean {
  const granted = grants[kind === 'function' ? 'deploy' : kind]
  return scopes?.some((scope) => granted?.includes(scope)) === true
}

const nameOf = ({ method, path }: Operation): string => `${method} ${path}`

it('tells of every route which scopes it needs, but of those that are for everybody', () => {
  expect(operations.length).toBeGreaterThan(20)
  expect(operations.filter(({ scopes }) => scopes === undefined).map(({ path }) => path).filter((path) => !publicPaths.includes(path))).toEqual([])
  expect(operations.filter(({ scopes }) => scopes?.length === 0).map(nameOf)).toEqual([])
})

it('lets nobody in without a token, or with one that is not known', async () => {
  for (const operation of operations.filter(takesTokens)) {
    for (const token of [undefined, `skerry_${'x'.repeat(43)}`]) {
      const [there, absent] = [await call(token, operation, theirs), await call(token, operation, nobodys)]
      // Where many wrong tokens came, the address waits; that is as much a refusal.
      expect(['unauthorized', 'too_many_attempts'], nameOf(operation)).toContain(there.code)
      expect(['unauthorized', 'too_many_attempts'], nameOf(operation)).toContain(absent.code)
    }
  }
})

it('lets nobody in whose scopes are too weak, and tells him nothing', async () => {
  let refused = 0
  for (const operation of operations) {
    for (const [kind, granted] of Object.entries(grants)) {
      if (operation.scopes === undefined || kind === 'function' || operation.scopes.some((scope) => granted.includes(scope))) continue
      const token = tokens[kind]
      const ask = takesTokens(operation) ? call : request
      const [there, absent] = [await ask(token, operation, theirs), await ask(token, operation, nobodys)]
      const label = `${nameOf(operation)} with ${kind}`
      // An invitation is no token at all, and a token is no invitation.
      const codes = kind === 'invitation' || !takesTokens(operation) ? ['unauthorized', 'too_many_attempts'] : ['forbidden']
      for (const { code } of [there, absent]) expect(codes, label).toContain(code)
      if (there.code === absent.code) expect(told(there, theirs), label).toBe(told(absent, nobodys))
      refused += 1
    }
  }
  expect(refused).toBeGreaterThan(operations.length)
})

it('lets in those of whom the document says so', async () => {
  for (const operation of operations) {
    for (const [kind, granted] of Object.entries(grants)) {
      if (kind === 'invitation' || operation.scopes?.some((scope) => granted.includes(scope)) !== true) continue
      // Without a body, what would change something is refused for that.
      const answer = await call(tokens[kind], operation, nobodys)
      expect(answer.text, `${nameOf(operation)} with ${kind}`).not.toContain('needs a token with the scope')
    }
  }
})

it('shows one account nothing of another', async () => {
  for (const operation of operations.filter(({ method }) => method === 'GET')) {
    for (const kind of ['admin', 'deploy', 'read', 'function']) {
      const answer = await call(tokens[kind], operation, nobodys)
      expect(answer.text, `${nameOf(operation)} with ${kind}`).not.toMatch(/victim/i)
    }
  }
})

/** Everything that the other account can read of itself. */
async function readVictim(): Promise<Record<string, string>> {
  const seen: Record<string, string> = {}
  for (const operation of operations) {
    const isOwn = operation.scopes?.some((scope) => grants['admin']?.includes(scope)) === true
    if (operation.method !== 'GET' || operation.isStream || !isOwn || operation.path === '/v1/nodes') continue
    const { status, text } = await call(victim.token, operation, theirs)
    seen[nameOf(operation)] = `${status} ${text.replaceAll(/"(requestId|lastUsedMs)":("[^"]*"|\d+),?/g, '')}`
  }
  return seen
}

it('answers alike to who names what another account has and who names what nobody has, and changes nothing of it', async () => {
  const before = await readVictim()
  expect(Object.values(before).join('\n')).toMatch(/victim-function[^]*VICTIM_KEY[^]*victim-ann/)
  const tried: string[] = []
  for (const kind of ['read', 'function', 'deploy', 'admin']) {
    // What takes away comes last, so that what was made under both names is taken away under both.
    const ordered = operations.filter(takesTokens).toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))
    for (const operation of ordered) {
      const answers: Array<{ readonly text: string; readonly status: number }> = []
      for (const [own, values] of [[tokens, theirs], [twinTokens, nobodys]] as const) {
        const answer = await (mayTry(kind, operation) ? request : call)(own[kind], operation, values)
        answers.push({ status: answer.status, text: told(answer, values) })
        if (answer.code === 'invalid_request') throw new Error(`${nameOf(operation)}: the document led to a request that is refused; give the test an example (${answer.text})`)
      }
      const label = `${nameOf(operation)} with ${kind}`
      expect(answers[0]?.text, label).toBe(answers[1]?.text)
      if (operation.pathParameters.length > 0 && answers[0]?.status !== 200) expect([403, 404, 409, 422, 503], label).toContain(answers[0]?.status)
      tried.push(label)
    }
  }
  expect(tried.length).toBeGreaterThan(4 * 20)
  expect(await readVictim()).toEqual(before)
}, 30_000)
