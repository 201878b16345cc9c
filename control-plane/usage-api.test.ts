import { expect, it } from 'vitest'
import { usageSchema } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { done, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()
const report = (version: string, sequence: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  start: 'one', sequence, intervalMs: 2_000,
  entries: [{ account: 'default', function: 'hello', version, requests: 5, errors: 1, answered5xx: 0, refused: 0, cpuMs: 2, latency: [[10, 5]] }], ...more,
})
const deploy = async (name: string, config: Record<string, unknown> = {}): Promise<string> =>
  done(await harness.client.deploy(name, 'export default {}', { config })).functions[0]?.version ?? ''

it('takes reports of nodes, each once, and tells the account of them', async () => {
  await harness.startNode('fra-1')
  const version = await deploy('hello')
  const node = new ApiClient(harness.plane.url, harness.plane.nodeToken)
  const post = async (body: unknown): Promise<number> => (await node.call('POST', '/v1/nodes/fra-1/usage', body)).status
  expect([await post(report(version, 1)), await post(report(version, 1)), await post(report(version, 2))]).toEqual([200, 200, 200])
  const usage = usageSchema.parse(await harness.client.json('GET', '/v1/usage?days=3'))
  expect(usage.days).toMatchObject([{ requests: 10, errors: 2, cpuMs: 4 }])
  expect(usage.recent.versions).toMatchObject([{ function: 'hello', version, preview: false, requests: 10 }])

  expect(await post(report(version, 3, { sequence: 0 }))).toBe(400)
  expect(await post(report(version, 3, { entries: [{ account: 'default', function: 'hello', version, requests: -1 }] }))).toBe(400)
  expect((await harness.client.call('POST', '/v1/nodes/fra-1/usage', report(version, 3))).status).toBe(403)
  expect((await node.call('GET', '/v1/usage')).status).toBe(403)
  expect((await harness.client.call('GET', '/v1/usage?days=91')).status).toBe(400)
  const metrics = await (await fetch(`${harness.plane.adminUrl}/metrics`)).text()
  expect(metrics).toContain('skerry_control_plane_usage_reports_total 2')
})

it('believes a node nothing of versions that it can not have run: those of other regions, and those that there are not', async () => {
  const [fra] = [await harness.startNode('fra-1'), await harness.startNode('iad-1')]
  const [here, elsewhere] = [await deploy('hello'), await deploy('far', { regions: ['iad'] })]
  const tail = await harness.client.call('GET', '/v1/functions/far/tail')
  const reader = tail.body?.pipeThrough(new TextDecoderStream()).getReader()
  const [template] = report(here, 1)['entries'] as [Record<string, unknown>]
  const entries = [
    template, { ...template, function: 'far', version: elsewhere }, { ...template, version: elsewhere }, { ...template, account: 'nobody' },
    { ...template, version: '01J00000000000000000000000' },
  ]
  expect((await fra.post('/v1/nodes/fra-1/usage', 'POST', report(here, 1, { entries }))).status).toBe(200)
  const usage = usageSchema.parse(await harness.client.json('GET', '/v1/usage'))
  expect([usage.days[0]?.requests, usage.recent.versions.map(({ version }) => version)]).toEqual([5, [here]])

  const event = (node: string, region: string): Record<string, unknown> =>
    ({ timeMs: 1, node, region, account: 'default', function: 'far', version: elsewhere, kind: 'console', level: 'log', text: node })
  expect((await fra.post('/v1/nodes/fra-1/logs', 'POST', { events: [event('fra-1', 'iad')] })).status).toBe(200)
  expect((await fra.post('/v1/nodes/iad-1/logs', 'POST', { events: [event('iad-1', 'iad')] })).status).toBe(200)
  expect(JSON.parse((await reader?.read())?.value ?? '')).toMatchObject({ text: 'iad-1' })
  await reader?.cancel()

  const quarantined = [{ account: 'default', function: 'far', version: elsewhere, reason: 'made up', processesEnded: 1, refusedMs: 0 }]
  await fra.register({ quarantined })
  expect(await harness.client.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'far', quarantined: [] }, { name: 'hello' }] })
})
