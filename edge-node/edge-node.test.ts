import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { generateKeyPairSync, sign } from 'node:crypto'
import { type FunctionState, signedBytes } from '../control-plane/protocol/index.ts'
import { SkerryError } from '../errors/index.ts'
import { answer, createFakeRuntime, type FakeRuntimeControls } from '../test/helpers/fake-runtime.ts'
import { functionState, hashOf, versionId, versionRecord } from '../test/helpers/function-states.ts'
import { exchangeRaw } from '../test/helpers/raw-http.ts'
import { type ScriptedControlPlane, startScriptedControlPlane } from '../test/helpers/scripted-control-plane.ts'
import { type EdgeNode, type EdgeNodeOptions, startEdgeNode } from './index.ts'

let plane: ScriptedControlPlane
let directory: string
let fake: FakeRuntimeControls
let notices: string[]
const nodes: EdgeNode[] = []

beforeEach(async () => {
  plane = await startScriptedControlPlane()
  directory = await mkdtemp(join(tmpdir(), 'skerry-edge-'))
  notices = []
})
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close()
  await plane.close().catch(() => undefined)
  await rm(directory, { recursive: true, force: true })
})

async function startNode(options: Partial<EdgeNodeOptions> = {}): Promise<EdgeNode> {
  const { controls, create } = createFakeRuntime()
  fake = controls
  const node = await startEdgeNode({
    name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: 't', dataDirectory: directory,
    domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [], createRuntime: create, forwarder: false,
    onNotice: (text) => notices.push(text), ...options,
  })
  nodes.push(node)
  return node
}

const publish = (name: string, number: number): ReturnType<typeof versionRecord> => {
  const script = `// ${name} ${number}`
  plane.artifacts.set(hashOf(script), script)
  return versionRecord(name, number)
}
const snapshot = (epoch: string, sequence: number, functions: readonly FunctionState[]): Record<string, unknown> =>
  ({ type: 'snapshot', protocol: 1, epoch, sequence, functions })
const revision = (epoch: string, sequence: number, change: unknown): Record<string, unknown> =>
  ({ type: 'revision', protocol: 1, epoch, sequence, timeMs: 1, change, signature: '' })
const heartbeat = (epoch: string, sequence: number): Record<string, unknown> => ({ type: 'heartbeat', epoch, sequence })
const activate = (...functions: FunctionState[]): unknown => ({ kind: 'activate', deployment: 'd', functions })
const get = (node: EdgeNode, host = 'hello.localhost'): Promise<string> =>
  exchangeRaw(node.url, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
const servedVersion = async (node: EdgeNode): Promise<string> => (await get(node)).slice(-26)
const acknowledged = (sequence: number): boolean => plane.acknowledgements.some((each) => (each as { sequence: number }).sequence === sequence)

it('follows snapshot, prepare and activate, acknowledges, and resumes', async () => {
  const first = publish('hello', 1)
  plane.onFeed = (query) => (query.has('epoch') ? [] : [snapshot('e1', 4, []), heartbeat('e1', 4)])
  const node = await startNode()
  await node.ready()
  plane.send(revision('e1', 5, { kind: 'prepare', deployment: 'd', versions: [first] }))
  await plane.until(() => acknowledged(5))
  expect(fake.loaded).toEqual([versionId(1)])
  expect((await get(node)).split('\r\n')[0]).toContain('404')
  plane.send(revision('e1', 6, activate(functionState('hello', { versions: [first] }))))
  await plane.until(() => acknowledged(6))
  expect(await servedVersion(node)).toBe(versionId(1))
  expect(plane.acknowledgements).toEqual([
    { epoch: 'e1', sequence: 5, outcome: { status: 'applied' } }, { epoch: 'e1', sequence: 6, outcome: { status: 'applied' } },
  ])
  plane.disconnect()
  await plane.until(() => plane.feedQueries.length === 2)
  expect(Object.fromEntries(plane.feedQueries[1] ?? [])).toEqual({ node: 'fra-1', region: 'fra', epoch: 'e1', after: '6' })
  plane.send(revision('e1', 7, { kind: 'delete', account: 'default', function: 'hello' }))
  plane.send(revision('e1', 8, activate(functionState('other', { versions: [publish('other', 2)] }))))
  await plane.until(() => acknowledged(8))
  expect(await get(node)).toContain('function_not_found')
  expect(plane.registrations[0]).toMatchObject({ region: 'fra', url: node.url, internalUrl: node.internalUrl, draining: false })
})

it('hands in what functions were asked, by clients and by each other, and what is left when it closes', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 1)] }), functionState('other', { versions: [publish('other', 2)] })]), heartbeat('e1', 1)]
  const node = await startNode()
  await node.ready()
  fake.functions.set('other', (exchange) => answer(exchange, 503, 'no'))
  fake.functions.set('hello', (exchange) => {
    const over = (): void => answer(exchange, 200, 'done')
    fake.dispatchSubrequest?.({
      version: exchange.version, parent: exchange.request, work: exchange.request, method: 'GET', url: 'http://other.localhost/', headers: [], redirect: 'follow',
      webSocket: false, body: undefined,
    }, { head: () => undefined, write: () => true, end: over, error: over, consumed: () => undefined })
  })
  await get(node)
  await get(node, `${versionId(1).toLowerCase()}--hello.localhost`)
  await node.close()
  const entries = plane.usageReports.flatMap((report) => (report as { entries: Record<string, unknown>[] }).entries)
  const counts = entries.map((entry) => [entry['function'], entry['preview'], entry['requests'], entry['answered5xx']])
  expect(counts).toEqual([['other', false, 2, 2], ['hello', false, 1, 0], ['hello', true, 1, 0]])
})

it('loads a version while it is being written to disk, and acknowledges it when it is there', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [])]
  const disk = Promise.withResolvers<void>()
  const node = await startNode({
    writeFile: async (path, bytes) => {
      if (path.includes('artifacts')) await disk.promise
      await writeFile(path, bytes)
    },
  })
  await node.ready()
  const version = publish('hello', 1)
  plane.send(revision('e1', 2, { kind: 'prepare', deployment: 'd', versions: [version] }))
  await expect.poll(() => fake.loaded).toEqual([versionId(1)])
  expect(acknowledged(2)).toBe(false)
  expect(await readdir(join(directory, 'artifacts'))).toEqual([])
  disk.resolve()
  await plane.until(() => acknowledged(2))
  expect(await readdir(join(directory, 'artifacts'))).toEqual([version.artifactHash])
})

it('tells that nothing is left of an account that is held to other regions, once that is so', async () => {
  const secrets = { KEY: 'of the account' }
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 1)], secrets })]), heartbeat('e1', 1)]
  let isFull = false
  const node = await startNode({
    writeFile: async (path, bytes) => {
      if (isFull && path.endsWith('state.json')) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
      await writeFile(path, bytes)
    },
  })
  await node.ready()
  const hasOf = async (): Promise<boolean[]> => [(await readFile(join(directory, 'state.json'), 'utf8')).includes('of the account'), (await readdir(join(directory, 'artifacts'))).length > 0]
  await expect.poll(hasOf).toEqual([true, true])
  const hold = (sequence: number, ...regions: string[]): void => plane.send(revision('e1', sequence, { kind: 'account', account: 'default', quotas: {}, regions }))

  isFull = true
  hold(2, 'iad')
  await expect.poll(() => get(node)).toContain('no_healthy_node')
  await expect.poll(() => notices.join()).toContain('storage_full')
  expect(fake.retired).toEqual([expect.stringContaining('default/hello/')])
  await expect.poll(hasOf).toEqual([true, false])
  expect(acknowledged(2)).toBe(false)

  isFull = false
  hold(3, 'iad', 'sin')
  await plane.until(() => acknowledged(3))
  expect(await hasOf()).toEqual([false, false])
  hold(4, 'fra')
  await plane.until(() => acknowledged(4))
  expect((await get(node)).split('\r\n')[0]).toContain('200')
})

it('refuses a version that does not load, with its stack', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [])]
  const node = await startNode()
  await node.ready()
  fake.testLoad = () => Promise.reject(new SkerryError('startup_failed', 'x is not defined', { cause: Object.assign(new Error('x'), { stack: 'Error: x\n at bundle:1:2' }) }))
  plane.send(revision('e1', 2, { kind: 'prepare', deployment: 'd', versions: [publish('hello', 1)] }))
  await plane.until(() => acknowledged(2))
  expect(plane.acknowledgements[0]).toEqual({
    epoch: 'e1', sequence: 2, outcome: { status: 'failed', code: 'startup_failed', function: 'hello', detail: 'x is not defined', stack: 'Error: x\n at bundle:1:2' },
  })
})

it.each([
  ['a gap', [revision('e1', 9, { kind: 'delete', account: 'default', function: 'other' })]],
  ['another epoch', [revision('e2', 2, { kind: 'delete', account: 'default', function: 'other' })]],
  ['a heartbeat that is ahead', [heartbeat('e1', 5)]],
  ['a record that is not valid', [{ type: 'revision', nonsense: true }]],
])('takes a snapshot after %s', async (_name, records) => {
  plane.onFeed = () => (plane.feedQueries.length === 1 ? [snapshot('e1', 1, [])] : [snapshot('e2', 3, [functionState('hello', { versions: [publish('hello', 7)] })]), heartbeat('e2', 3)])
  const node = await startNode()
  await node.ready()
  for (const record of records) plane.send(record)
  await plane.until(() => plane.feedQueries.length === 2)
  expect(plane.feedQueries[1]?.has('epoch')).toBe(false)
  await plane.until(() => plane.artifactRequests.length === 1)
  expect(await servedVersion(node)).toBe(versionId(7))
})

it('applies only what the control plane signed', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  plane.welcome = { internalToken: 'internal-token-of-the-test', publicKey: publicKey.export({ type: 'spki', format: 'pem' }) }
  const signed = (record: Record<string, unknown>): unknown => ({ ...record, signature: sign(null, signedBytes(record), privateKey).toString('base64') })
  const forged = { ...snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 6)] })]), signature: 'AAAA' }
  plane.onFeed = () => (plane.feedQueries.length === 1 ? [forged] : [signed(snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 5)] })]))])
  const node = await startNode()
  await node.ready()
  expect(await servedVersion(node)).toBe(versionId(5))
  expect(notices.join()).toContain('not signed')
})

it('knows the control plane by the first key, and follows nobody with another one or with none', async () => {
  const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
  const pem = (of: typeof own): string => of.publicKey.export({ type: 'spki', format: 'pem' })
  const signed = (record: Record<string, unknown>, by = own): unknown => ({ ...record, signature: sign(null, signedBytes(record), by.privateKey).toString('base64') })
  const state = (version: number): Record<string, unknown> => snapshot('e1', version, [functionState('hello', { versions: [publish('hello', version)] })])
  const internalToken = 'internal-token-of-the-test'
  plane.welcome = { internalToken, publicKey: pem(own) }
  plane.onFeed = () => [signed(state(5))]
  const first = await startNode()
  await first.ready()
  await first.close()
  for (const [publicKey, record] of [[pem(other), signed(state(6), other)], [undefined, { ...state(6), signature: '' }], [pem(own), signed(state(6), other)]] as const) {
    plane.welcome = { internalToken, ...(publicKey === undefined ? {} : { publicKey }) }
    plane.onFeed = () => [record]
    plane.feedQueries.length = 0
    const again = await startNode()
    await plane.until(() => plane.feedQueries.length === 2)
    expect(await servedVersion(again)).toBe(versionId(5))
    await again.close()
  }
  expect(notices.filter((notice) => notice.includes('another key'))).toHaveLength(2)
})

it('takes nothing that is not signed where it was kept from registering, or has been told the key', async () => {
  const state = snapshot('e1', 6, [functionState('hello', { versions: [publish('hello', 6)] })])
  plane.onFeed = () => [state]
  plane.welcome = { nonsense: true }
  const node = await startNode()
  plane.welcome = { internalToken: 'internal-token-of-the-test' }
  expect(plane.feedQueries).toEqual([])
  await node.close()
  await rm(directory, { recursive: true })
  const told = await startNode({ controlPlaneKey: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) })
  await plane.until(() => plane.feedQueries.length >= 2)
  expect(await get(told)).toContain('404')
  expect(notices.join()).toContain('not signed')
})

it('is not led back: neither to what it has gone on from, nor to an epoch that it has left', async () => {
  const state = (epoch: string, sequence: number): Record<string, unknown> => snapshot(epoch, sequence, [functionState('hello', { versions: [publish('hello', sequence)] })])
  plane.onFeed = () => [state('e1', 5)]
  const first = await startNode()
  await first.ready()
  const feeds = async (...records: unknown[]): Promise<void> => {
    const count = plane.feedQueries.length
    plane.onFeed = () => records
    plane.disconnect()
    // The one after shows that what was offered has been dealt with.
    await plane.until(() => plane.feedQueries.length >= count + 2)
  }
  await feeds(state('e1', 4))
  expect(await servedVersion(first)).toBe(versionId(5))
  await feeds(state('e2', 2), { type: 'nonsense' })
  expect(await servedVersion(first)).toBe(versionId(2))
  await first.close()
  const again = await startNode()
  await again.ready()
  await feeds(state('e1', 9))
  expect(await servedVersion(again)).toBe(versionId(2))
  expect(notices.filter((notice) => notice.includes('older than what this node has'))).toHaveLength(2)
})

it('restarts and serves from its disk with the control plane gone', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 1)], secrets: { KEY: 'secret' } })])]
  const first = await startNode()
  await first.ready()
  await plane.until(() => plane.artifactRequests.length === 1)
  plane.send(revision('e1', 2, activate(functionState('second', { versions: [publish('second', 2)] }))))
  await plane.until(() => acknowledged(2))
  await first.close()
  await plane.close()
  expect((await stat(join(directory, 'state.json'))).mode & 0o777).toBe(0o600)

  const again = await startNode()
  await again.ready()
  fake.functions.set('hello', (exchange) => {
    void Promise.resolve(exchange.version.readScript()).then((script) => answer(exchange, 200, script))
  })
  expect(await get(again)).toMatch(/\/\/ hello 1$/)
  expect(await get(again, 'second.localhost')).toContain('HTTP/1.1 200')
  const internal = await exchangeRaw(again.internalUrl, 'GET / HTTP/1.1\r\nHost: second.localhost\r\nAuthorization: Bearer internal-token-of-the-test\r\nConnection: close\r\n\r\n')
  expect(internal).toContain('HTTP/1.1 200')
})

it('sets a broken state file aside', async () => {
  await writeFile(join(directory, 'state.json'), '{"format":1')
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello')])]
  const node = await startNode()
  await node.ready()
  expect(plane.feedQueries[0]?.has('epoch')).toBe(false)
  expect(notices.join()).toContain('set aside')
  expect(await readdir(directory)).toContain('state.json.invalid')
})

it('refuses an artifact with a wrong hash and fetches it again', async () => {
  const record = versionRecord('hello', 1)
  plane.artifacts.set(record.artifactHash, 'something else')
  plane.onFeed = () => [snapshot('e1', 1, [])]
  const node = await startNode()
  await node.ready()
  plane.send(revision('e1', 2, { kind: 'prepare', deployment: 'd', versions: [record] }))
  await plane.until(() => acknowledged(2))
  expect(plane.acknowledgements[0]).toMatchObject({ outcome: { status: 'failed', code: 'hash_mismatch', function: 'hello' } })
  expect(plane.artifactRequests).toHaveLength(3)
  expect(await readdir(join(directory, 'artifacts'))).toEqual([])
  plane.artifacts.set(record.artifactHash, '// hello 1')
  plane.send(revision('e1', 3, { kind: 'prepare', deployment: 'd', versions: [record] }))
  await plane.until(() => acknowledged(3))
  expect(plane.acknowledgements[1]).toMatchObject({ outcome: { status: 'applied' } })
  expect(await readFile(join(directory, 'artifacts', record.artifactHash), 'utf8')).toBe('// hello 1')
})

it('serves from memory where the disk is full, and says so', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [])]
  const node = await startNode({ writeFile: () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })) })
  await node.ready()
  plane.send(revision('e1', 2, activate(functionState('hello', { versions: [publish('hello', 1)] }))))
  await plane.until(() => acknowledged(2))
  fake.functions.set('hello', (exchange) => {
    void Promise.resolve(exchange.version.readScript()).then((script) => answer(exchange, 200, script))
  })
  expect(await get(node)).toMatch(/\/\/ hello 1$/)
  expect(notices.filter((text) => text.startsWith('storage_full'))).not.toHaveLength(0)
})

it('lets holders of the internal token in that is about to go, or to come', async () => {
  plane.welcome = { internalToken: 'internal-token-of-the-test', acceptedInternalTokens: ['internal-token-to-come-next'] }
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 1)] })])]
  const node = await startNode()
  await node.ready()
  const status = async (token: string): Promise<string | undefined> =>
    /^HTTP\/1.1 (\d+)/.exec(await exchangeRaw(node.internalUrl, `GET / HTTP/1.1\r\nHost: hello.localhost\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`))?.[1]
  expect([await status('internal-token-of-the-test'), await status('internal-token-to-come-next')]).toEqual(['200', '200'])
  expect(await status('internal-token-of-nobody')).not.toBe('200')
})

it('lets only holders of the internal token in, and believes them', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 1)] })]), heartbeat('e1', 1)]
  const node = await startNode()
  await node.ready()
  const call = (headers: string): Promise<string> => exchangeRaw(node.internalUrl, `GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n${headers}\r\n`)
  expect(await call('')).toMatch(/^HTTP\/1\.1 401 /)
  expect(await call('Authorization: Bearer internal-token-of-the-tesT\r\n')).toMatch(/^HTTP\/1\.1 401 /)
  const id = versionId(3)
  const text = await call(`Authorization: Bearer internal-token-of-the-test\r\nX-Skerry-Id: ${id}\r\nX-Skerry-Client-Address: 9.9.9.9\r\nX-Skerry-Client-Location: 1.5,2.5\r\nX-Skerry-Client-Country: DE\r\nX-Skerry-Client-Protocol: https\r\nX-Skerry-Client-Authorization: Basic abc\r\nX-Skerry-Hops: 2\r\n`)
  expect(text).toContain(`x-skerry-id: ${id}`)
  const { request } = fake.exchanges[0]!
  expect(request.url).toBe('https://hello.localhost/')
  expect(request.metadata).toMatchObject({ id, hops: 2, country: 'DE', latitude: 1.5, longitude: 2.5 })
  expect(request.headers[request.headers.indexOf('authorization') + 1]).toBe('Basic abc')
  expect(request.headers[request.headers.indexOf('x-forwarded-for') + 1]).toBe('9.9.9.9')
})

it('drains: refuses what is new, finishes what is there, and says that nothing began', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 1)] })]), heartbeat('e1', 1)]
  const node = await startNode()
  await node.ready()
  const arrived = new Promise<Parameters<typeof answer>[0]>((resolve) => fake.functions.set('hello', resolve))
  const slow = get(node)
  const exchange = await arrived
  const drained = node.drain()
  await plane.until(() => plane.registrations.some((each) => (each as { draining: boolean }).draining))
  const refused = await exchangeRaw(node.internalUrl, 'GET / HTTP/1.1\r\nHost: hello.localhost\r\nAuthorization: Bearer internal-token-of-the-test\r\n\r\n')
  expect(refused).toContain('x-skerry-not-begun: 1')
  expect(refused).toContain('x-skerry-error: overloaded')
  expect(refused).toMatch(/connection: close/i)
  expect((await fetch(`${node.adminUrl}/readyz`)).status).toBe(503)
  answer(exchange, 200, 'done')
  expect(await slow).toMatch(/done$/)
  await drained
})

it('forwards what it may not run, once', async () => {
  const record = { ...publish('hello', 1) }
  const elsewhere = { ...record, config: { ...record.config, regions: ['iad'] } }
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [elsewhere] })]), heartbeat('e1', 1)]
  const reasons: string[] = []
  const node = await startNode({
    forwarder: {
      forward: (_request, response, context) => {
        reasons.push(`${context.reason} ${context.regions.join()} ${context.host}${context.target}`)
        response.end('from iad')
        return Promise.resolve(true)
      },
    },
  })
  await node.ready()
  expect(await get(node)).toMatch(/from iad/)
  expect(reasons).toEqual(['region iad hello.localhost/'])
  const second = await exchangeRaw(node.internalUrl, 'GET / HTTP/1.1\r\nHost: hello.localhost\r\nAuthorization: Bearer internal-token-of-the-test\r\nX-Skerry-Forwarded: 1\r\nConnection: close\r\n\r\n')
  expect(second).toContain('no_healthy_node')
  expect(second).toContain('x-skerry-not-begun: 1')
})

it('ships logs and shows health and metrics', async () => {
  plane.onFeed = () => [snapshot('e1', 1, [functionState('hello', { versions: [publish('hello', 1)] })]), heartbeat('e1', 1)]
  const node = await startNode()
  await node.ready()
  fake.functions.set('hello', (exchange) => {
    fake.emitLog({ version: exchange.version, requestId: 'r', kind: 'console', level: 'log', text: 'hi', timeMs: 5 })
    answer(exchange, 200, 'x')
  })
  await get(node)
  await plane.until(() => plane.logEvents.length === 1)
  expect(plane.logEvents[0]).toEqual({ timeMs: 5, node: 'fra-1', region: 'fra', account: 'default', function: 'hello', version: versionId(1), requestId: 'r', kind: 'console', level: 'log', text: 'hi' })
  expect((await fetch(`${node.adminUrl}/healthz`)).status).toBe(200)
  expect(await (await fetch(`${node.adminUrl}/readyz`)).json()).toMatchObject({ status: 'ready', sandbox: 'permission', seccomp: false, sequence: 1 })
  const metrics = await (await fetch(`${node.adminUrl}/metrics`)).text()
  expect(metrics).toContain('skerry_requests_total{code="ok",node="fra-1",region="fra"} 1')
  expect(metrics).toContain('skerry_request_duration_seconds_bucket{node="fra-1",region="fra",le="+Inf"} 1')
  expect(metrics).toContain('skerry_sandbox_info{kind="permission",seccomp="false",node="fra-1",region="fra"} 1')
  expect(metrics).toContain('# TYPE skerry_request_duration_seconds histogram')
})
