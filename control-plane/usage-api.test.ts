import { expect, it } from 'vitest'
import { usageSchema } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()
const version = '01J00000000000000000000000'
const report = (sequence: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  start: 'one', sequence, intervalMs: 2_000,
  entries: [{ account: 'default', function: 'hello', version, requests: 5, errors: 1, answered5xx: 0, refused: 0, cpuMs: 2, latency: [[10, 5]] }], ...more,
})

it('takes reports of nodes, each once, and tells the account of them', async () => {
  const node = new ApiClient(harness.plane.url, harness.plane.nodeToken)
  const post = async (body: unknown): Promise<number> => (await node.call('POST', '/v1/nodes/fra-1/usage', body)).status
  expect([await post(report(1)), await post(report(1)), await post(report(2))]).toEqual([200, 200, 200])
  const usage = usageSchema.parse(await harness.client.json('GET', '/v1/usage?days=3'))
  expect(usage.days).toMatchObject([{ requests: 10, errors: 2, cpuMs: 4 }])
  expect(usage.recent.versions).toMatchObject([{ function: 'hello', version, preview: false, requests: 10 }])

  expect(await post(report(3, { sequence: 0 }))).toBe(400)
  expect(await post(report(3, { entries: [{ account: 'default', function: 'hello', version, requests: -1 }] }))).toBe(400)
  expect((await harness.client.call('POST', '/v1/nodes/fra-1/usage', report(3))).status).toBe(403)
  expect((await node.call('GET', '/v1/usage')).status).toBe(403)
  expect((await harness.client.call('GET', '/v1/usage?days=91')).status).toBe(400)
  const metrics = await (await fetch(`${harness.plane.adminUrl}/metrics`)).text()
  expect(metrics).toContain('skerry_control_plane_usage_reports_total 2')
})
