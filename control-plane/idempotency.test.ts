import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from './clock.ts'
import { startControlPlane } from './index.ts'
import { ApiClient } from './testing/api-client.ts'
import { useControlPlane } from './testing/harness.ts'
import { ScriptedNode } from './testing/scripted-node.ts'

const harness = useControlPlane()
const key = (value: string): Record<string, string> => ({ 'idempotency-key': value })

async function linesOf(response: Response): Promise<Array<Record<string, unknown>>> {
  return (await response.text()).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function deploymentOf(client: ApiClient, script = '1'): Promise<unknown> {
  return { functions: [{ name: 'hello', artifactHash: await client.upload(script), config: {}, routes: [] }] }
}

async function versionsOf(client: ApiClient): Promise<string[]> {
  const { versions = [] } = (await client.json('GET', '/v1/functions/hello/versions')) as { versions?: Array<{ version: string }> }
  return versions.map(({ version }) => version)
}

describe('a request under an idempotency key', () => {
  it('is carried out once, and answered alike over a restart', async () => {
    const put = (value: string) => harness.client.call('PUT', '/v1/functions/hello/secrets/KEY', { value }, key('one'))
    await harness.startNode('fra-1')
    await harness.client.deploy('hello', '1')
    const first = await put('first')
    const answer = await first.text()
    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([200, null])
    const second = await put('first')
    expect([second.status, second.headers.get('idempotency-replayed'), await second.text()]).toEqual([200, 'true', answer])
    await harness.plane.close()
    await harness.start()
    expect(await (await put('first')).text()).toBe(answer)
    const other = await put('second')
    expect([other.status, await other.json()]).toMatchObject([422, { code: 'idempotency_key_reused', field: 'idempotency-key' }])
    expect(await (await harness.client.call('DELETE', '/v1/functions/hello', undefined, key('one'))).json()).toMatchObject({ code: 'idempotency_key_reused' })
  })

  it('that is refused may be sent again', async () => {
    const release = { shares: [{ version: '01J00000000000000000000001', percent: 100 }] }
    for (let round = 0; round < 2; round += 1) {
      const response = await harness.client.call('POST', '/v1/functions/hello/releases', release, key('refused'))
      expect([response.status, response.headers.get('idempotency-replayed')]).toEqual([404, null])
    }
    expect(await (await harness.client.call('DELETE', '/v1/functions/hello', undefined, key('a key'))).json()).toMatchObject({ code: 'invalid_request', field: 'idempotency-key' })
  })

  it('deploys once where it comes twice at a time, and later', async () => {
    await harness.startNode('fra-1')
    const { client } = harness
    const request = await deploymentOf(client)
    const deploy = () => client.call('POST', '/v1/deployments', request, key('deploy'))
    const [first, second] = await Promise.all([deploy(), deploy()].map(async (response) => linesOf(await response)))
    expect(first?.at(-1)).toMatchObject({ type: 'done', revision: 2 })
    expect(second?.at(-1)).toEqual(first?.at(-1))
    const replayed = await deploy()
    expect(replayed.headers.get('content-type')).toBe('application/x-ndjson')
    expect(await linesOf(replayed)).toEqual([first?.[0], first?.at(-1)])
    expect(await versionsOf(client)).toHaveLength(1)
  })

  it('keeps a refusal for what does not load, and tries again what had no node', async () => {
    const { client } = harness
    const request = await deploymentOf(client)
    const deploy = (value: string) => client.call('POST', '/v1/deployments', request, key(value))
    expect((await linesOf(await deploy('no-nodes'))).at(-1)).toMatchObject({ type: 'refused', code: 'no_nodes' })
    const failing = await harness.startNode('fra-1', { answer: () => ({ status: 'failed', code: 'startup_failed', function: 'hello', detail: 'Error: no' }) })
    const refused = await linesOf(await deploy('fails'))
    expect(refused.at(-1)).toMatchObject({ type: 'refused', code: 'load_failed' })
    await failing.stop()
    await harness.startNode('fra-2')
    expect((await linesOf(await deploy('fails'))).at(-1)).toEqual(refused.at(-1))
    expect((await linesOf(await deploy('no-nodes'))).at(-1)).toMatchObject({ type: 'done' })
    expect(await versionsOf(client)).toHaveLength(2)
  })
})

describe('a control plane that is killed in the middle of a deployment', () => {
  /** What a kill leaves behind at the moment when a node sees a change of this kind, which it never acknowledges; another one goes on with it, later. */
  async function killedAt(kind: 'prepare' | 'activate', goOn: (client: ApiClient, request: unknown) => Promise<void>): Promise<void> {
    const { client } = harness
    const request = await deploymentOf(client)
    const node = await harness.startNode('fra-1', { answer: ({ change }) => (change.kind === kind ? undefined : { status: 'applied' }) })
    const cut = client.call('POST', '/v1/deployments', request, key('killed')).then((response) => response.text())
    await node.waitFor((record) => record.type === 'revision' && record.change.kind === kind)
    const image = await mkdtemp(join(tmpdir(), 'skerry-killed-'))
    await cp(harness.directory, image, { recursive: true })
    const later = await startControlPlane({
      port: 0, dataDirectory: image, log: () => {}, clock: { ...systemClock, nowMs: () => Date.now() + 15_000 },
    })
    try {
      await goOn(new ApiClient(later.url, later.adminToken), request)
    } finally {
      await later.close()
      await rm(image, { recursive: true })
      await node.stop()
      await cut
    }
  }

  it('goes on with the version that is stored', async () => {
    await killedAt('prepare', async (client, request) => {
      const [stored] = await versionsOf(client)
      const { url, nodeToken } = { url: client.url, nodeToken: harness.plane.nodeToken }
      const node = await ScriptedNode.start({ url, token: nodeToken, name: 'fra-1', region: 'fra' })
      const lines = await linesOf(await client.call('POST', '/v1/deployments', request, key('killed')))
      expect(lines.at(-1)).toMatchObject({ type: 'done', functions: [{ version: stored }], activated: true })
      expect(await versionsOf(client)).toEqual([stored])
      await node.stop()
    })
  })

  it('tells of the activation that was made', async () => {
    await killedAt('activate', async (client, request) => {
      const [stored] = await versionsOf(client)
      for (let round = 0; round < 2; round += 1) {
        const lines = await linesOf(await client.call('POST', '/v1/deployments', request, key('killed')))
        expect(lines.at(-1)).toMatchObject({ type: 'done', revision: 2, functions: [{ version: stored }], activated: true })
      }
      expect(await versionsOf(client)).toEqual([stored])
    })
  })
})
