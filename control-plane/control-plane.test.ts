import { createHash, verify } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './index.ts'
import { type DeploymentEvent, type FeedRevision, functionListSchema, nodeListSchema, signedBytes, versionListSchema } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { FakeClock } from './testing/fake-clock.ts'
import { ScriptedNode, type ScriptedNodeOptions } from './testing/scripted-node.ts'

let directory: string
let plane: ControlPlane
let client: ApiClient
let nodes: ScriptedNode[]

async function start(options: Partial<ControlPlaneOptions> = {}): Promise<void> {
  plane = await startControlPlane({ port: 0, dataDirectory: directory, gatewayUrl: 'http://127.0.0.1:8080', log: () => {}, ...options })
  client = new ApiClient(plane.url, plane.adminToken)
}

async function startNode(name: string, options: Partial<ScriptedNodeOptions> = {}): Promise<ScriptedNode> {
  const node = await ScriptedNode.start({ url: plane.url, token: plane.nodeToken, name, region: name.slice(0, 3), ...options })
  nodes.push(node)
  return node
}

function last(events: readonly DeploymentEvent[]): DeploymentEvent {
  const event = events.at(-1)
  if (event === undefined) throw new Error('no event')
  return event
}

function done(events: readonly DeploymentEvent[]): Extract<DeploymentEvent, { type: 'done' }> {
  const event = last(events)
  if (event.type !== 'done') throw new Error(JSON.stringify(event))
  return event
}

function changes(node: ScriptedNode): FeedRevision['change'][] {
  return node.records.flatMap((record) => (record.type === 'revision' ? [record.change] : []))
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-control-plane-'))
  nodes = []
  await start()
})

afterEach(async () => {
  await plane.close()
  await Promise.all(nodes.map((node) => node.stop()))
  await rm(directory, { recursive: true, force: true })
})

describe('deployment', () => {
  it('prepares on every node, activates, and tells of each acknowledgement', async () => {
    await Promise.all(['fra-1', 'iad-1', 'sin-1'].map((name) => startNode(name)))
    const events = await client.deploy('hello', 'export default {}', { routes: ['api.example.com/*'] })
    expect(events.map((event) => event.type)).toEqual(['stored', ...Array<string>(6).fill('acknowledged'), 'done'])
    const result = done(events)
    expect(result.functions[0]?.url).toBe('http://hello.localhost:8080/')
    expect(result.nodes.map((node) => node.node).toSorted()).toEqual(['fra-1', 'iad-1', 'sin-1'])
    expect(result).toMatchObject({ activated: true, missing: [], revision: 2 })
    const version = result.functions[0]?.version
    for (const node of nodes) {
      expect(changes(node).map((change) => change.kind)).toEqual(['prepare', 'activate'])
      expect(changes(node)[1]).toMatchObject({ functions: [{ function: 'hello', routes: ['api.example.com/*'], shares: [{ version, percent: 100 }] }] })
    }
    const { functions } = functionListSchema.parse(await client.json('GET', '/v1/functions'))
    expect(functions).toMatchObject([{ name: 'hello', account: 'default', active: [{ version, percent: 100 }] }])
  })

  it('gives the same version for the same content, and a new one for another', async () => {
    await startNode('fra-1')
    const first = done(await client.deploy('hello', 'export default {}'))
    const again = done(await client.deploy('hello', 'export default {}'))
    const other = done(await client.deploy('hello', 'export default {}', { config: { env: { A: '1' } } }))
    expect(again.functions).toEqual(first.functions)
    expect(again.revision).toBeGreaterThan(first.revision)
    expect(other.functions[0]?.version).not.toBe(first.functions[0]?.version)
  })

  it('refuses what a node can not load, with the stack mapped to the source, and never activates it', async () => {
    const good = await startNode('fra-1')
    const version = done(await client.deploy('hello', 'export default {}')).functions[0]?.version
    await startNode('iad-1', {
      answer: ({ change }) =>
        change.kind === 'prepare'
          ? { status: 'failed', code: 'startup_failed', function: 'hello', detail: 'TypeError: x is not a function', stack: 'TypeError: x is not a function\n    at start (worker.js:2:1)' }
          : { status: 'applied' },
    })
    // Line 2 column 1 of the bundle is line 4 column 3 of the source.
    const sourceMapHash = await client.upload(
      JSON.stringify({ version: 3, sources: ['src/index.ts'], names: [], mappings: ';AAGE' }),
      'source-map',
    )
    const refused = last(await client.deploy('hello', 'export default {}; x()', { sourceMapHash }))
    expect(refused).toMatchObject({ type: 'refused', code: 'load_failed', function: 'hello', node: 'iad-1', detail: 'TypeError: x is not a function (src/index.ts:4:3)' })
    expect(refused.type === 'refused' && refused.stack).toContain('at start (src/index.ts:4:3)')
    const { versions } = versionListSchema.parse(await client.json('GET', '/v1/functions/hello/versions'))
    expect(versions.map((one) => [one.status, one.percent])).toEqual([['refused', 0], ['active', 100]])
    expect(versions[1]?.version).toBe(version)
    expect(changes(good).map((change) => change.kind)).toEqual(['prepare', 'activate', 'prepare'])
  })

  it('stores without a node, and a release activates later with the routes of the deployment', async () => {
    const refused = last(await client.deploy('hello', 'export default {}', { routes: ['api.example.com/*'] }))
    expect(refused).toMatchObject({ type: 'refused', code: 'no_nodes', functions: [{ function: 'hello' }] })
    const version = refused.type === 'refused' ? refused.functions[0]?.version : undefined
    expect(await client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello', active: [] }] })
    const node = await startNode('fra-1')
    const result = done(await client.events('/v1/functions/hello/releases', { shares: [{ version: version?.toLowerCase(), percent: 100 }] }))
    expect(result.activated).toBe(true)
    expect(changes(node).at(-1)).toMatchObject({ kind: 'activate', functions: [{ routes: ['api.example.com/*'], shares: [{ version, percent: 100 }] }] })
  })

  it('serialises two deployments of one function', async () => {
    const node = await startNode('fra-1')
    const results = await Promise.all([client.deploy('hello', 'export default {} // a'), client.deploy('hello', 'export default {} // b')])
    const versions = results.map((events) => done(events).functions[0]?.version)
    expect(new Set(versions).size).toBe(2)
    expect(changes(node).map((change) => change.kind)).toEqual(['prepare', 'activate', 'prepare', 'activate'])
    const listed = versionListSchema.parse(await client.json('GET', '/v1/functions/hello/versions')).versions
    expect(listed.filter((one) => one.status === 'active')).toHaveLength(1)
  })

  it('goes on to its end when the caller leaves', async () => {
    const node = await startNode('fra-1', { answer: () => undefined })
    const artifactHash = await client.upload('export default {}')
    const abort = new AbortController()
    const response = await fetch(`${plane.url}/v1/deployments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${plane.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ functions: [{ name: 'hello', artifactHash, config: {}, routes: [] }] }),
      signal: abort.signal,
    })
    const reader = response.body?.getReader()
    await reader?.read()
    abort.abort()
    for (const kind of ['prepare', 'activate']) {
      const record = await node.waitFor((one) => one.type === 'revision' && one.change.kind === kind)
      if (record.type !== 'revision') throw new Error('no revision')
      const answer = await node.post('/v1/nodes/fra-1/acknowledgements', 'POST', { epoch: record.epoch, sequence: record.sequence, outcome: { status: 'applied' } })
      await answer.text()
    }
    const { functions } = functionListSchema.parse(await client.json('GET', '/v1/functions'))
    expect(functions[0]?.active).toMatchObject([{ percent: 100 }])
  })

  it('splits traffic by percent, rolls back, and offers versions that were not activated for previews', async () => {
    const node = await startNode('fra-1')
    const first = done(await client.deploy('hello', '1')).functions[0]?.version ?? ''
    const second = done(await client.deploy('hello', '2', {}, { percent: 25 })).functions[0]?.version ?? ''
    expect(changes(node).at(-1)).toMatchObject({ functions: [{ shares: [{ version: first, percent: 75 }, { version: second, percent: 25 }] }] })
    const third = done(await client.deploy('hello', '3', {}, { activate: false }))
    expect(third.activated).toBe(false)
    const change = changes(node).at(-1)
    expect(change?.kind === 'activate' && change.functions[0]?.versions.map((one) => one.version)).toEqual([third.functions[0]?.version, second, first])
    const back = done(await client.events('/v1/functions/hello/releases', { shares: [{ version: first, percent: 100 }] }))
    expect(back.functions[0]?.version).toBe(first)
    const { versions } = versionListSchema.parse(await client.json('GET', '/v1/functions/hello/versions'))
    expect(versions.map((one) => one.status)).toEqual(['stored', 'retired', 'active'])
  })

  it('takes back an activation that no node carried out', async () => {
    let isWilling = true
    await startNode('fra-1', {
      answer: ({ change }) =>
        change.kind === 'prepare' || isWilling ? { status: 'applied' } : { status: 'failed', code: 'storage_full', function: 'hello', detail: 'no room on fra-1' },
    })
    const first = done(await client.deploy('hello', '1')).functions[0]?.version
    isWilling = false
    expect(last(await client.deploy('hello', '2'))).toMatchObject({ type: 'refused', code: 'storage_full', node: 'fra-1' })
    const { functions } = functionListSchema.parse(await client.json('GET', '/v1/functions'))
    expect(functions[0]?.active).toEqual([{ version: first, percent: 100 }])
  })

  it('waits only for nodes of the regions, and names the regions where none is', async () => {
    await startNode('fra-1')
    await startNode('iad-1', { answer: () => undefined })
    const result = done(await client.deploy('hello', '1', { config: { regions: ['fra'] } }))
    expect(result.missing).toEqual([])
    expect(last(await client.deploy('other', '1', { config: { regions: ['sin'] } }))).toMatchObject({ code: 'no_nodes', detail: expect.stringContaining('sin') as string })
  })

  it('releases a group as one revision', async () => {
    const node = await startNode('fra-1')
    const artifactHash = await client.upload('1')
    const entry = (name: string): unknown => ({ name, artifactHash, config: {}, routes: [] })
    const result = done(await client.events('/v1/deployments', { functions: [entry('one'), entry('two')] }))
    expect(result.functions.map((one) => one.function)).toEqual(['one', 'two'])
    expect(changes(node).map((change) => (change.kind === 'activate' ? change.functions.length : 0))).toEqual([0, 2])
  })

  it('refuses routes and host names that another function has', async () => {
    await startNode('fra-1')
    await client.deploy('hello', '1', { routes: ['api.example.com/*', 'taken.localhost/x'] })
    const artifactHash = await client.upload('2')
    const deploy = (functions: unknown[]): Promise<unknown> => client.json('POST', '/v1/deployments', { functions })
    expect(await deploy([{ name: 'other', artifactHash, config: {}, routes: ['api.example.com/*'] }])).toMatchObject({
      code: 'route_conflict', status: 409, field: 'functions.0.routes.0', detail: expect.stringContaining('hello') as string,
    })
    expect(await deploy([{ name: 'other', artifactHash, config: {}, routes: ['hello.localhost/*'] }])).toMatchObject({ code: 'route_conflict' })
    expect(await deploy([{ name: 'taken', artifactHash, config: {}, routes: [] }])).toMatchObject({ code: 'route_conflict' })
    const twice = ['a', 'b'].map((name) => ({ name, artifactHash, config: {}, routes: ['b.example.com/'] }))
    expect(await deploy(twice)).toMatchObject({ code: 'route_conflict', field: 'functions.1.routes.0' })
    expect(done(await client.deploy('other', '2', { routes: ['api.example.com/v1/*'] })).activated).toBe(true)
  })
})

describe('feed', () => {
  it('resumes after the last revision, and sends a signed snapshot to who is new', async () => {
    const first = await startNode('fra-1')
    await client.deploy('hello', '1')
    const epoch = first.records[0]?.epoch ?? ''
    const resumed = await startNode('iad-1', { position: { epoch, after: 1 } })
    expect(resumed.records.map((record) => [record.type, record.sequence])).toEqual([['revision', 2], ['heartbeat', 2]])
    const foreign = await startNode('sin-1', { position: { epoch: 'another', after: 1 } })
    const snapshot = foreign.records[0]
    expect(snapshot).toMatchObject({ type: 'snapshot', sequence: 2, functions: [{ function: 'hello' }] })
    const { publicKey } = (await foreign.register()) as { publicKey: string }
    for (const record of [snapshot, resumed.records[0]]) {
      if (record === undefined || record.type === 'heartbeat') throw new Error('no record')
      expect(verify(null, signedBytes(record), publicKey, Buffer.from(record.signature ?? '', 'base64'))).toBe(true)
      expect(verify(null, signedBytes({ ...record, sequence: 99 }), publicKey, Buffer.from(record.signature ?? '', 'base64'))).toBe(false)
    }
  })

  it('lists nodes as connected while they follow, and gives the internal token to nodes only', async () => {
    const node = await startNode('fra-1')
    const asNode = nodeListSchema.parse(await new ApiClient(plane.url, plane.nodeToken).json('GET', '/v1/nodes'))
    expect(asNode.internalToken?.length).toBeGreaterThan(16)
    expect(asNode.nodes).toMatchObject([{ name: 'fra-1', connected: true }])
    await node.stop()
    await expect.poll(async () => nodeListSchema.parse(await client.json('GET', '/v1/nodes'))).toMatchObject({ nodes: [{ connected: false }] })
    expect(nodeListSchema.parse(await client.json('GET', '/v1/nodes')).internalToken).toBeUndefined()
  })
})

describe('a damaged database', () => {
  it('breaks the feed of who would get what is damaged, says so in the log, and serves everybody else', async () => {
    await plane.close()
    const logged: string[] = []
    await start({ log: (entry) => logged.push(JSON.stringify(entry)) })
    await startNode('fra-1')
    await client.deploy('hello', '1')
    const database = new DatabaseSync(join(directory, 'control-plane.db'))
    database.exec(`UPDATE functions SET state = json_set(state, '$.secrets', json('{"KEY":"damaged"}'))`)
    database.close()
    await expect(new ApiClient(plane.url, plane.nodeToken).call('GET', '/v1/feed?node=iad-1')).rejects.toThrow()
    expect(logged.join()).toContain('default/hello/KEY')
    expect(await client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello' }] })
  })
})

describe('secrets', () => {
  it('reach nodes, never the API, and stand sealed on disk', async () => {
    const value = 'correct horse battery staple'
    await client.json('PUT', '/v1/functions/hello/secrets/KEY', { value })
    const node = await startNode('fra-1')
    await client.deploy('hello', '1')
    expect(changes(node).at(-1)).toMatchObject({ functions: [{ secrets: { KEY: value } }] })
    await client.json('PUT', '/v1/functions/hello/secrets/OTHER', { value: 'second' })
    await node.waitFor((record) => record.type === 'revision' && record.sequence === 3)
    expect(changes(node).at(-1)).toMatchObject({ functions: [{ secrets: { KEY: value, OTHER: 'second' } }] })
    expect(await client.json('GET', '/v1/functions/hello/secrets')).toEqual({ secrets: ['KEY', 'OTHER'] })
    await client.json('DELETE', '/v1/functions/hello/secrets/OTHER')
    expect(await client.json('GET', '/v1/functions/hello/secrets')).toEqual({ secrets: ['KEY'] })
    expect(await client.json('DELETE', '/v1/functions/hello/secrets/OTHER')).toMatchObject({ code: 'not_found' })
    for (const file of ['control-plane.db', 'control-plane.db-wal']) {
      const bytes = await readFile(join(directory, file))
      expect(bytes.includes(value)).toBe(false)
      expect(bytes.includes(plane.adminToken)).toBe(false)
    }
    expect((await stat(join(directory, 'secret.key'))).mode & 0o777).toBe(0o600)
  })
})

describe('tail', () => {
  it('shows what nodes hand in, with mapped stacks', async () => {
    await startNode('fra-1')
    const sourceMapHash = await client.upload(JSON.stringify({ version: 3, sources: ['src/a.ts'], names: [], mappings: 'AAKA' }), 'source-map')
    const version = done(await client.deploy('hello', '1', { sourceMapHash })).functions[0]?.version
    const response = await client.call('GET', '/v1/functions/hello/tail')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const event = { timeMs: 1, node: 'fra-1', region: 'fra', account: 'default', function: 'hello', version, kind: 'exception', level: 'error', text: 'Error: no', stack: 'Error: no\n    at worker.js:1:1' }
    const node = nodes[0]
    expect((await node?.post('/v1/nodes/fra-1/logs', 'POST', { events: [event] }))?.status).toBe(200)
    const chunk = await reader?.read()
    expect(JSON.parse(chunk?.value ?? '')).toEqual({ ...event, stack: 'Error: no\n    at src/a.ts:6:1' })
    expect(await (await node?.post('/v1/nodes/fra-1/logs', 'POST', { events: [{ ...event, node: 'iad-1' }] }))?.json()).toMatchObject({ field: 'events.0.node' })
    await reader?.cancel()
    expect(await client.json('GET', '/v1/functions/absent/tail')).toMatchObject({ code: 'not_found' })
  })
})

describe('slow readers', () => {
  it('lose their connection when they take nothing for 30 s', async () => {
    await plane.close()
    const clock = new FakeClock()
    await start({ clock })
    const node = await startNode('fra-1')
    const version = done(await client.deploy('hello', '1')).functions[0]?.version
    const { hostname, port } = new URL(plane.url)
    const socket = connect(Number(port), hostname)
    socket.pause()
    socket.write(`GET /v1/functions/hello/tail HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${plane.adminToken}\r\n\r\n`)
    const subscribers = async (): Promise<string | undefined> =>
      /^skerry_control_plane_tail_subscribers (\d+)$/m.exec(await (await fetch(`${plane.adminUrl}/metrics`)).text())?.[1]
    await expect.poll(subscribers).toBe('1')
    const event = { timeMs: 1, node: 'fra-1', region: 'fra', account: 'default', function: 'hello', version, kind: 'console', level: 'log', text: 'x'.repeat(250_000) }
    for (let round = 0; round < 4; round += 1) {
      await (await node.post('/v1/nodes/fra-1/logs', 'POST', { events: Array.from({ length: 30 }, () => event) })).text()
    }
    expect(await subscribers()).toBe('1')
    clock.advance(30_000)
    await expect.poll(subscribers).toBe('0')
    socket.destroy()
  })
})

describe('refusals', () => {
  it('tells a missing, a wrong and a too weak token apart', async () => {
    const missing = await fetch(`${plane.url}/v1/functions`)
    expect([missing.status, missing.headers.get('content-type'), missing.headers.get('x-skerry-error')]).toEqual([401, 'application/problem+json', 'unauthorized'])
    const problem: unknown = await missing.json()
    expect(problem).toMatchObject({ code: 'unauthorized', requestId: missing.headers.get('x-skerry-id') })
    expect(await new ApiClient(plane.url, 'skerry_wrong').json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized' })
    expect(await new ApiClient(plane.url, plane.nodeToken).json('GET', '/v1/functions')).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('read') as string })
    expect(await client.json('GET', `/v1/artifacts/${'0'.repeat(64)}`)).toMatchObject({ code: 'forbidden' })
    expect(await client.json('GET', '/v1/feed?node=fra-1')).toMatchObject({ code: 'forbidden' })
  })

  it('refuses artifacts with a wrong hash or above the size', async () => {
    const bytes = new TextEncoder().encode('export default {}')
    expect(await client.json('PUT', `/v1/artifacts/${'0'.repeat(64)}`, bytes)).toMatchObject({ code: 'hash_mismatch', status: 422, field: 'hash' })
    const large = new Uint8Array(10 * 1024 * 1024 + 1)
    const hash = createHash('sha256').update(large).digest('hex')
    expect(await client.json('PUT', `/v1/artifacts/${hash}`, large)).toMatchObject({ code: 'script_too_large', status: 413 })
    expect(await client.json('PUT', `/v1/artifacts/${hash}?kind=source-map`, large)).toEqual({ hash, bytes: large.byteLength })
    expect(await client.json('POST', '/v1/deployments', { functions: [{ name: 'hello', artifactHash: hash, config: {}, routes: [] }] })).toMatchObject({ code: 'script_too_large' })
    expect(await client.json('PUT', '/v1/artifacts/xyz', bytes)).toMatchObject({ code: 'invalid_request', field: 'hash' })
  })

  it('names the field of bad names, unknown keys, values out of bounds and absent artifacts', async () => {
    const artifactHash = await client.upload('1')
    const good = { name: 'hello', artifactHash, config: {}, routes: [] }
    const cases: ReadonlyArray<readonly [unknown, string]> = [
      [{ ...good, name: 'Bad_Name' }, 'functions.0.name'],
      [{ ...good, extra: 1 }, 'functions.0.extra'],
      [{ ...good, config: { limits: { cpuMs: 0 } } }, 'functions.0.config.limits.cpuMs'],
      [{ ...good, config: { limits: { cpu: 1 } } }, 'functions.0.config.limits.cpu'],
      [{ ...good, routes: ['https://x/'] }, 'functions.0.routes.0'],
      [{ ...good, artifactHash: '0'.repeat(64) }, 'functions.0.artifactHash'],
    ]
    for (const [entry, field] of cases) {
      expect(await client.json('POST', '/v1/deployments', { functions: [entry] })).toMatchObject({ code: 'invalid_request', status: 400, field })
    }
    expect(await client.json('POST', '/v1/deployments', { functions: [good, good] })).toMatchObject({ field: 'functions.1.name' })
    const malformed = await client.call('POST', '/v1/deployments', new TextEncoder().encode('{'), { 'content-type': 'application/json' })
    expect(await malformed.json()).toMatchObject({ code: 'invalid_request' })
    const typeless = await client.call('POST', '/v1/deployments', new TextEncoder().encode('{}'), { 'content-type': 'text/plain' })
    expect(await typeless.json()).toMatchObject({ code: 'invalid_request', field: 'content-type' })
    expect(await client.json('GET', '/v1/functions/absent/versions')).toMatchObject({ code: 'not_found', status: 404 })
    expect(await client.json('DELETE', '/v1/functions/absent')).toMatchObject({ code: 'not_found' })
    expect(await client.json('GET', '/v1/nothing')).toMatchObject({ code: 'not_found' })
    expect(await client.json('POST', '/v1/functions/hello/releases', { shares: [{ version: '01J00000000000000000000001', percent: 40 }] })).toMatchObject({ field: 'shares' })
  })

  it('refuses bodies above 8 MB and answers that the disk is full, and works on', async () => {
    expect(await client.json('POST', '/v1/deployments', { functions: [], message: 'x'.repeat(9 * 1024 * 1024) })).toMatchObject({ code: 'request_too_large', status: 413 })
    await plane.close()
    await start({ maximumBytes: 1024 * 1024 })
    const bytes = new Uint8Array(4 * 1024 * 1024)
    const hash = createHash('sha256').update(bytes).digest('hex')
    expect(await client.json('PUT', `/v1/artifacts/${hash}`, bytes)).toMatchObject({ code: 'storage_full', status: 507 })
    await startNode('fra-1')
    expect(done(await client.deploy('hello', '1')).activated).toBe(true)
  })
})

describe('process', () => {
  it('keeps tokens, versions and the epoch over a restart', async () => {
    const before = await startNode('fra-1')
    const version = done(await client.deploy('hello', '1')).functions[0]?.version
    const { adminToken, nodeToken } = plane
    await plane.close()
    await start()
    expect([plane.adminToken, plane.nodeToken]).toEqual([adminToken, nodeToken])
    const after = await startNode('fra-1', { position: { epoch: before.records[0]?.epoch ?? '', after: 2 } })
    expect(after.records.map((record) => record.type)).toEqual(['heartbeat'])
    expect(await client.json('GET', '/v1/functions/hello/versions')).toMatchObject({ versions: [{ version, status: 'active' }] })
  })

  it('takes the tokens it is given, and no longer the old ones', async () => {
    const old = plane.adminToken
    await plane.close()
    await start({ tokens: { admin: 'skerry_given-by-the-operator', node: 'skerry_given-to-the-nodes' } })
    expect(await client.json('GET', '/v1/functions')).toEqual({ functions: [] })
    expect(await new ApiClient(plane.url, old).json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized' })
  })

  it('says which port is taken', async () => {
    await expect(startControlPlane({ port: Number(new URL(plane.url).port), dataDirectory: join(directory, 'second') })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('serves health, metrics and its OpenAPI document', async () => {
    for (const url of [plane.url, plane.adminUrl]) {
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
    }
    const metrics = await (await fetch(`${plane.adminUrl}/metrics`)).text()
    expect(metrics).toMatch(/^skerry_control_plane_feed_sequence 0$/m)
    expect(metrics).toMatch(/skerry_control_plane_request_duration_seconds_count\{[^}]*route="\/healthz"/)
    const document = (await (await fetch(`${plane.url}/v1/openapi.json`)).json()) as { openapi: string; paths: Record<string, unknown> }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths).toSorted()).toEqual([
      '/v1/artifacts/{hash}', '/v1/deployments', '/v1/feed', '/v1/functions', '/v1/functions/{name}', '/v1/functions/{name}/releases',
      '/v1/functions/{name}/secrets', '/v1/functions/{name}/secrets/{key}', '/v1/functions/{name}/tail', '/v1/functions/{name}/versions',
      '/v1/functions/{name}/versions/{version}/source-map', '/v1/nodes', '/v1/nodes/{node}', '/v1/nodes/{node}/acknowledgements', '/v1/nodes/{node}/logs',
    ])
  })
})
