import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../helpers/command.ts'
import { clusterTimeoutMs, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'
import { until } from '../helpers/until.ts'

/** What people get wrong: each a clear error that says what, where and what to do; nothing is lost and no process goes down. */

let cluster: TestCluster
let controlPlane = ''
let token = ''
let processesBefore: Readonly<Record<string, number | undefined>> = {}
let projects = 0

beforeAll(async () => {
  cluster = await startTestCluster({ regions: ['fra', 'sin'] })
  controlPlane = cluster.cluster.description.controlPlane
  token = cluster.cluster.description.token
  await cluster.deploy({ steady: 'export default { fetch: () => new Response("steady") }' }, { routes: ['api.example.com/v1/*'] })
}, clusterTimeoutMs)

afterAll(() => cluster?.close(), clusterTimeoutMs)

afterEach(async () => {
  for (const door of [cluster.cluster.description.gateway, ...cluster.cluster.description.nodes.map(({ url }) => url)]) {
    await until('it still serves', async () => (await cluster.call(door, 'steady')).text === 'steady')
  }
  // What did not load is kept for its author, and serves nobody.
  const functions = await cluster.client.functions()
  expect(functions.filter(({ active }) => active.length > 0)).toMatchObject([{ name: 'steady', routes: ['api.example.com/v1/*'] }])
  expect(functions.filter(({ name, routes }) => name !== 'steady' && routes.length > 0)).toEqual([])
})

interface Complaint {
  readonly code: number | null
  readonly error: { readonly code: string; readonly detail: string; readonly remedy: string; readonly field?: string }
  readonly text: string
}

const works = 'export default { fetch: () => new Response("works") }'

/** Writes a project and answers with what the command needs to deploy it. */
async function project(files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) {
  projects += 1
  const directory = await cluster.writeFiles(`project-${projects}`, { 'skerry.jsonc': '{ "name": "app", "main": "index.ts" }', 'index.ts': works, ...files })
  return { directory, environment: { SKERRY_URL: controlPlane, SKERRY_TOKEN: token, ...environment } }
}

/** Deploys a project and answers with what was complained of. */
async function deploy(files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}): Promise<Complaint> {
  const { code, out } = await runCommand(['deploy', '--json'], await project(files, environment))
  const { error } = JSON.parse(out) as Complaint
  expect(error.remedy).not.toBe('')
  // Nobody gets a stack of ours.
  expect(error.detail).not.toMatch(/\bat .*(?:sdk|control-plane|edge-node|runtime)\//)
  return { code, error, text: error.detail }
}

test('people are told the same as programs, and what to do', async () => {
  const settings = await project({ 'index.ts': 'export default {\n  fetch( { return 1 }\n}' })
  const { code, out, error } = await runCommand(['deploy'], settings)
  expect([code, out]).toEqual([1, ''])
  expect(error).toMatch(/index\.ts:2/)
  expect(error).toContain('Mend the file and line that are named.')
})

describe('skerry deploy refuses', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string, RegExp])[] = [
    ['a key that is not known', { 'skerry.jsonc': '{\n  "name": "app",\n  "main": "index.ts",\n  "route": ["a.b/*"]\n}' }, 'config_invalid', /skerry\.jsonc:4[\s\S]*route/],
    ['a limit out of range', { 'skerry.jsonc': '{ "name": "app", "main": "index.ts",\n "limits": { "cpuMs": 0 } }' }, 'config_invalid', /skerry\.jsonc:2[\s\S]*limits\.cpuMs/],
    ['JSON that is none', { 'skerry.jsonc': '{\n  "name": "app"\n  "main": "index.ts"\n}' }, 'config_invalid', /skerry\.jsonc:3/],
    ['a wrong name', { 'skerry.jsonc': '{ "name": "My_App", "main": "index.ts" }' }, 'config_invalid', /skerry\.jsonc:1[\s\S]*name/],
    ['a route that is none', { 'skerry.jsonc': '{ "name": "app", "main": "index.ts", "routes": ["https://a.example/*"] }' }, 'config_invalid', /routes/],
    ['two functions of one name', { 'skerry.jsonc': '{ "functions": [{ "name": "a", "main": "index.ts" }, { "name": "a", "main": "index.ts" }] }' }, 'config_invalid', /\ba\b/],
    ['a main that is not there', { 'skerry.jsonc': '{ "name": "app", "main": "missing.ts" }' }, 'config_invalid', /missing\.ts/],
    ['a syntax error', { 'index.ts': 'export default {\n  fetch( { return 1 }\n}' }, 'bundle_failed', /index\.ts:2/],
    ['an import that is not there', { 'index.ts': 'import { a } from "not-installed"\nexport default { fetch: () => a }' }, 'bundle_failed', /index\.ts:1[\s\S]*not-installed/],
    ['a module of Node that is not offered', { 'index.ts': 'import { readFile } from "node:fs"\nexport default { fetch: () => readFile }' }, 'bundle_failed', /index\.ts:1[\s\S]*node:fs/],
    ['a missing default export', { 'index.ts': 'export const fetch = () => new Response("lost")' }, 'bundle_failed', /index\.ts[\s\S]*default/],
    ['a default export that is no handler', { 'index.ts': 'export default 42' }, 'load_failed', /default|handler|fetch/i],
    ['a script that throws while it is loaded', { 'index.ts': '\n\nconst config: { a?: { b: string } } = {}\nconsole.log(config.a.b)\nexport default {}' }, 'load_failed', /index\.ts:4/],
    ['a script that never finishes loading', { 'index.ts': 'while (true) { }\nexport default { fetch: () => new Response() }' }, 'load_failed', /Start-up used \d+ ms of CPU.*the limit is 1000 ms|did not load within/],
    ['a script over 10 MB', { 'index.ts': `import text from "./large.txt"\n${works}\nconsole.log(text)`, 'large.txt': 'x'.repeat(11_000_000) }, 'script_too_large', /large\.txt/],
    ['a route that another function has', { 'skerry.jsonc': '{ "name": "app", "main": "index.ts", "routes": ["api.example.com/v1/*"] }' }, 'route_conflict', /api\.example\.com\/v1\/\*[\s\S]*steady|steady[\s\S]*api\.example\.com\/v1\/\*/],
  ]
  test.each(cases)('%s', async (_name, files, code, words) => {
    const complaint = await deploy(files)
    expect([complaint.code, complaint.error.code], complaint.error.detail).toEqual([1, code])
    expect(complaint.error.detail).toMatch(words)
  })

  test('a folder without a project, and one that is none', async () => {
    for (const argument of ['.', 'nowhere']) {
      const { code, out } = await runCommand(['deploy', argument, '--json'], { directory: cluster.directory, environment: { SKERRY_URL: controlPlane, SKERRY_TOKEN: token } })
      expect(code).toBe(1)
      expect(JSON.parse(out)).toMatchObject({ error: { code: 'config_invalid', detail: expect.stringContaining('skerry.jsonc') as string } })
    }
  })

  test('without a token, with a wrong one, and with one that may not', async () => {
    expect(await deploy({}, { SKERRY_TOKEN: '' })).toMatchObject({ code: 1, error: { code: 'unauthorized', remedy: expect.stringContaining('--token') as string } })
    const wrong = await deploy({}, { SKERRY_TOKEN: 'wrong-token-of-a-test' })
    expect(wrong).toMatchObject({ code: 1, error: { code: 'unauthorized' } })
    expect(wrong.text).not.toContain('wrong-token-of-a-test')
  })

  test('when the control plane is not there, or is something else', async () => {
    const away = await deploy({}, { SKERRY_URL: 'http://127.0.0.1:1' })
    expect(away).toMatchObject({ code: 3, error: { code: 'server_unreachable', detail: expect.stringContaining('http://127.0.0.1:1') as string } })
    const other = await deploy({}, { SKERRY_URL: cluster.cluster.description.gateway })
    expect(other.code).toBe(1)
    expect(other.text).toMatch(new RegExp(`${cluster.cluster.description.gateway} is .*no control plane`))
    expect(await deploy({}, { SKERRY_URL: 'nonsense' })).toMatchObject({ code: 1, error: { code: 'invalid_request' } })
  })
})

describe('the API refuses', () => {
  const ask = async (method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body: string | Buffer | undefined, headers: Readonly<Record<string, string>> = {}) => {
    // A connection of its own: one whose upload was refused half-way is ended by the server.
    const dispatcher = new Agent()
    const answer = await request(new URL(path, controlPlane), {
      dispatcher, method, body: body ?? null, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    })
    const text = await answer.body.text()
    await dispatcher.destroy()
    expect(answer.headers['content-type']).toContain('application/problem+json')
    return { status: answer.statusCode, ...(JSON.parse(text) as { code: string; detail: string; field?: string }) }
  }
  const hash = (bytes: string): string => createHash('sha256').update(bytes).digest('hex')

  test.each([
    ['no token', { authorization: '' }, 401, 'unauthorized'],
    ['a wrong token', { authorization: 'Bearer wrong' }, 401, 'unauthorized'],
    ['another scheme', { authorization: 'Basic eDp5' }, 401, 'unauthorized'],
  ])('%s', async (_name, headers, status, code) => {
    for (const [method, path] of [['GET', '/v1/functions'], ['GET', '/v1/nodes'], ['GET', '/v1/feed?node=x'], ['POST', '/v1/deployments'], ['PUT', `/v1/artifacts/${hash('x')}`], ['DELETE', '/v1/functions/steady']] as const) {
      expect(await ask(method, path, method === 'GET' || method === 'DELETE' ? undefined : '{}', headers)).toMatchObject({ status, code })
    }
  })

  test('bytes that are not those of the hash', async () => {
    const type = { 'content-type': 'application/octet-stream' }
    expect(await ask('PUT', `/v1/artifacts/${hash('one')}`, 'another', type)).toMatchObject({ status: 422, code: 'hash_mismatch' })
    expect(await ask('PUT', '/v1/artifacts/not-a-hash', 'another', type)).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(await ask('PUT', `/v1/artifacts/${hash('large')}`, Buffer.alloc(11_000_000), type)).toMatchObject({ status: 413, code: 'script_too_large' })
  })

  test('a deployment that names what is not there or is not what the schema says, and the field', async () => {
    const deployment = (overrides: object): string => JSON.stringify({ functions: [{ name: 'app', artifactHash: hash('nowhere'), config: {}, routes: [], ...overrides }] })
    const unknown = await ask('POST', '/v1/deployments', deployment({}))
    expect([unknown.status >= 400 && unknown.status < 500, unknown.detail]).toEqual([true, expect.stringContaining(hash('nowhere'))])
    expect(await ask('POST', '/v1/deployments', deployment({ name: 'No Name' }))).toMatchObject({ status: 400, code: 'invalid_request', field: 'functions.0.name' })
    expect(await ask('POST', '/v1/deployments', deployment({ config: { limits: { cpuMs: -1 } } }))).toMatchObject({ status: 400, field: 'functions.0.config.limits.cpuMs' })
    expect(await ask('POST', '/v1/deployments', deployment({ surprise: 1 }))).toMatchObject({ status: 400, code: 'invalid_request', detail: expect.stringContaining('surprise') as string })
    expect(await ask('POST', '/v1/deployments', '{ not json')).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(await ask('POST', '/v1/deployments', '[]')).toMatchObject({ status: 400, code: 'invalid_request' })
  })

  test('functions, versions and paths that are not there', async () => {
    expect(await ask('GET', '/v1/functions/nobody/versions', undefined)).toMatchObject({ status: 404, code: 'not_found', detail: expect.stringContaining('nobody') as string })
    expect(await ask('DELETE', '/v1/functions/nobody', undefined)).toMatchObject({ status: 404, code: 'not_found' })
    const shares = { shares: [{ version: '01JAAAAAAAAAAAAAAAAAAAAAAA', percent: 100 }] }
    expect(await ask('POST', '/v1/functions/steady/releases', JSON.stringify(shares))).toMatchObject({ status: 404, code: 'not_found' })
    expect(await ask('GET', '/v2/functions', undefined)).toMatchObject({ status: 404, code: 'not_found' })
  })
})

test('unknown hosts and malformed requests at the edge', async () => {
  for (const door of [cluster.cluster.description.gateway, cluster.node('fra-1').url]) {
    for (const host of ['nobody.localhost', 'steady.example.com', 'localhost', '..', '[::1]', 'a'.repeat(300)]) {
      const answer = await cluster.call(door, 'x', '/', { headers: { host } })
      expect([answer.status, answer.headers['x-skerry-error'], answer.headers['content-type']]).toEqual([404, 'function_not_found', 'application/problem+json'])
    }
  }
})

test('an artifact that was changed on a node\u2019s disk is fetched again', async () => {
  processesBefore = cluster.cluster.processIds()
  const [version] = await cluster.client.versions('steady')
  const hash = version?.artifactHash ?? ''
  const folder = join(cluster.directory, 'data', 'fra-1')
  const found = (await readdir(folder, { recursive: true })).find((name) => name.endsWith(hash))
  if (found === undefined) throw new Error('the node keeps no such artifact')
  const path = join(folder, found)
  const before = await readFile(path, 'utf8')
  await writeFile(path, before.replace('"steady"', '"forged"'))
  process.kill(processesBefore['fra-1'] ?? 0, 'SIGKILL')
  await until('it is started again', () => cluster.cluster.processIds()['fra-1'] !== processesBefore['fra-1'])
  const answer = await until('it answers', () => cluster.call(cluster.node('fra-1').url, 'steady'))
  expect([answer.text, answer.headers['x-skerry-node']]).toEqual(['steady', 'fra-1'])
  await until('the file is right again', async () => (await readFile(path, 'utf8').catch(() => '')) === before)
}, clusterTimeoutMs)

test('no process went down over any of it', async () => {
  const processes = cluster.cluster.processIds()
  const { 'fra-1': _killed, ...others } = processesBefore
  expect(processes).toMatchObject(others)
  expect(cluster.lines.filter((line) => / died; /.test(line))).toEqual([expect.stringContaining('fra-1')])
  const bytes = randomBytes(8).toString('hex')
  await cluster.deploy({ steady: `export default { fetch: () => new Response("steady") } // ${bytes}` }, { routes: ['api.example.com/v1/*'] })
})
