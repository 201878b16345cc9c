import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'
import { type ControlPlane, startControlPlane } from '../index.ts'
import { ApiClient } from '../testing/api-client.ts'
import { done } from '../testing/harness.ts'
import { ScriptedNode } from '../testing/scripted-node.ts'

let cluster: NatsCluster
let directory: string
let first: ControlPlane
let second: ControlPlane

const start = (name: string): Promise<ControlPlane> =>
  startControlPlane({
    port: 0, dataDirectory: join(directory, name), keyFile: join(directory, 'key'), nats: { servers: [cluster.url] }, gatewayUrl: 'http://127.0.0.1:8080', log: () => {},
  })

beforeAll(async () => {
  cluster = await NatsCluster.start()
  directory = await mkdtemp(join(tmpdir(), 'skerry-token-replicas-'))
  first = await start('first')
  second = await start('second')
})
afterAll(async () => {
  await Promise.all([first.close(), second.close()])
  await cluster.stop()
  await rm(directory, { recursive: true })
})

test('a token that is revoked at one replica ends at the others, with the connections that stand there', async () => {
  const here = new ApiClient(first.url, first.adminToken)
  const node = await ScriptedNode.start({ url: first.url, token: first.nodeToken, name: 'fra-1', region: 'fra' })
  try {
    done(await here.deploy('hello', '1'))
  } finally {
    await node.stop()
  }
  const { token, id } = (await here.json('POST', '/v1/tokens', { name: 'x', scopes: ['read'] })) as { token: string; id: string }
  const reader = new ApiClient(second.url, token)
  await expect.poll(async () => (await reader.call('GET', '/v1/functions/hello/versions')).status).toBe(200)
  const tail = await reader.call('GET', '/v1/functions/hello/tail')
  const ended = tail.text().then(() => 'ended', () => 'ended')
  expect(await here.json('DELETE', `/v1/tokens/${id}`)).toEqual({ revoked: [id] })
  await expect.poll(() => reader.json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized', detail: expect.stringContaining('was revoked') as string })
  expect(await ended).toBe('ended')
})
