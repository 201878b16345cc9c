import { verify } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { nodeListSchema, signedBytes } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { FakeClock } from './testing/fake-clock.ts'
import { changes, done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()

describe('feed', () => {
  it('resumes after the last revision, and sends a signed snapshot to who is new', async () => {
    const first = await harness.startNode('fra-1')
    await harness.client.deploy('hello', '1')
    const epoch = first.records[0]?.epoch ?? ''
    const resumed = await harness.startNode('iad-1', { position: { epoch, after: 1 } })
    expect(resumed.records.map((record) => [record.type, record.sequence])).toEqual([['revision', 2], ['heartbeat', 2]])
    const foreign = await harness.startNode('sin-1', { position: { epoch: 'another', after: 1 } })
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
    const node = await harness.startNode('fra-1')
    const asNode = nodeListSchema.parse(await new ApiClient(harness.plane.url, harness.plane.nodeToken).json('GET', '/v1/nodes'))
    expect(asNode.internalToken?.length).toBeGreaterThan(16)
    expect(asNode.nodes).toMatchObject([{ name: 'fra-1', connected: true }])
    await node.stop()
    await expect.poll(async () => nodeListSchema.parse(await harness.client.json('GET', '/v1/nodes'))).toMatchObject({ nodes: [{ connected: false }] })
    expect(nodeListSchema.parse(await harness.client.json('GET', '/v1/nodes')).internalToken).toBeUndefined()
  })
})

describe('a damaged database', () => {
  it('breaks the feed of who would get what is damaged, says so in the log, and serves everybody else', async () => {
    await harness.plane.close()
    const logged: string[] = []
    await harness.start({ log: (entry) => logged.push(JSON.stringify(entry)) })
    await harness.startNode('fra-1')
    await harness.client.deploy('hello', '1')
    const database = new DatabaseSync(join(harness.directory, 'control-plane.db'))
    database.exec(`UPDATE functions SET state = json_set(state, '$.secrets', json('{"KEY":"damaged"}'))`)
    database.close()
    await expect(new ApiClient(harness.plane.url, harness.plane.nodeToken).call('GET', '/v1/feed?node=iad-1').then((response) => response.text())).rejects.toThrow()
    expect(logged.join()).toContain('a row of functions has another checksum')
    expect(await harness.client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello' }] })
  })
})

describe('tail', () => {
  it('shows what nodes hand in, with mapped stacks', async () => {
    await harness.startNode('fra-1')
    const sourceMapHash = await harness.client.upload(JSON.stringify({ version: 3, sources: ['src/a.ts'], names: [], mappings: 'AAKA' }), 'source-map')
    const version = done(await harness.client.deploy('hello', '1', { sourceMapHash })).functions[0]?.version
    const response = await harness.client.call('GET', '/v1/functions/hello/tail')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const event = { timeMs: 1, node: 'fra-1', region: 'fra', account: 'default', function: 'hello', version, kind: 'exception', level: 'error', text: 'Error: no', stack: 'Error: no\n    at worker.js:1:1' }
    const node = harness.nodes[0]
    expect((await node?.post('/v1/nodes/fra-1/logs', 'POST', { events: [event] }))?.status).toBe(200)
    const chunk = await reader?.read()
    expect(JSON.parse(chunk?.value ?? '')).toEqual({ ...event, stack: 'Error: no\n    at src/a.ts:6:1' })
    expect(await (await node?.post('/v1/nodes/fra-1/logs', 'POST', { events: [{ ...event, node: 'iad-1' }] }))?.json()).toMatchObject({ field: 'events.0.node' })
    await reader?.cancel()
    expect(await harness.client.json('GET', '/v1/functions/absent/tail')).toMatchObject({ code: 'not_found' })
  })
})

describe('slow readers', () => {
  it('lose their connection when they take nothing for 30 s', async () => {
    await harness.plane.close()
    const clock = new FakeClock()
    await harness.start({ clock })
    const node = await harness.startNode('fra-1')
    const version = done(await harness.client.deploy('hello', '1')).functions[0]?.version
    const { hostname, port } = new URL(harness.plane.url)
    const socket = connect(Number(port), hostname)
    socket.pause()
    socket.write(`GET /v1/functions/hello/tail HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.plane.adminToken}\r\n\r\n`)
    const subscribers = async (): Promise<string | undefined> =>
      /^skerry_control_plane_tail_subscribers (\d+)$/m.exec(await (await fetch(`${harness.plane.adminUrl}/metrics`)).text())?.[1]
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

describe('secrets', () => {
  it('reach nodes, never the API, and stand sealed on disk', async () => {
    const value = 'correct horse battery staple'
    await harness.client.json('PUT', '/v1/functions/hello/secrets/KEY', { value })
    const node = await harness.startNode('fra-1')
    await harness.client.deploy('hello', '1')
    expect(changes(node).at(-1)).toMatchObject({ functions: [{ secrets: { KEY: value } }] })
    await harness.client.json('PUT', '/v1/functions/hello/secrets/OTHER', { value: 'second' })
    await node.waitFor((record) => record.type === 'revision' && record.sequence === 3)
    expect(changes(node).at(-1)).toMatchObject({ functions: [{ secrets: { KEY: value, OTHER: 'second' } }] })
    expect(await harness.client.json('GET', '/v1/functions/hello/secrets')).toEqual({ secrets: ['KEY', 'OTHER'] })
    await harness.client.json('DELETE', '/v1/functions/hello/secrets/OTHER')
    expect(await harness.client.json('GET', '/v1/functions/hello/secrets')).toEqual({ secrets: ['KEY'] })
    expect(await harness.client.json('DELETE', '/v1/functions/hello/secrets/OTHER')).toMatchObject({ code: 'not_found' })
    expect(await harness.client.json('DELETE', '/v1/functions/hello/secrets/constructor')).toMatchObject({ code: 'not_found' })
    expect(await harness.client.json('PUT', '/v1/functions/hello/secrets/__proto__', { value })).toMatchObject({ code: 'invalid_request', field: 'key' })
    for (const file of ['control-plane.db', 'control-plane.db-wal']) {
      const bytes = await readFile(join(harness.directory, file))
      expect(bytes.includes(value)).toBe(false)
      expect(bytes.includes(harness.plane.adminToken)).toBe(false)
    }
    for (const file of ['secret.key', 'control-plane.db', 'control-plane.db-wal', 'control-plane.db-shm']) expect([file, (await stat(join(harness.directory, file))).mode & 0o777]).toEqual([file, 0o600])
  })
})
