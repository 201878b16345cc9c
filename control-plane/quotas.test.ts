import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { ApiClient } from './testing/api-client.ts'
import { changes, done, last, useControlPlane } from './testing/harness.ts'

const harness = useControlPlane()
const quotas = '/v1/accounts/default/quotas'

it('is set by operators, seen by the account, told to nodes and written to the audit log', async () => {
  const node = await harness.startNode('fra-1')
  expect(await harness.client.json('GET', '/v1/quotas')).toEqual({ account: 'default', limits: {}, used: { functions: 0, storedBytes: 0 } })
  const set = await harness.client.json('PATCH', quotas, { requestsPerSecond: 100, functions: 5, cpuSecondsPerDay: 60 })
  expect(set).toEqual({ account: 'default', quotas: { requestsPerSecond: 100, functions: 5, cpuSecondsPerDay: 60 }, revision: 1 })
  expect(await harness.client.json('PATCH', quotas, { functions: null })).toMatchObject({ quotas: { requestsPerSecond: 100, cpuSecondsPerDay: 60 } })
  await node.waitFor((record) => record.type === 'revision' && record.sequence === 2)
  expect(changes(node)).toEqual([
    { kind: 'account', account: 'default', quotas: { requestsPerSecond: 100, functions: 5, cpuSecondsPerDay: 60 } },
    { kind: 'account', account: 'default', quotas: { requestsPerSecond: 100, cpuSecondsPerDay: 60 } },
  ])
  expect(await harness.client.json('GET', '/v1/quotas')).toMatchObject({ limits: { requestsPerSecond: 100, cpuSecondsPerDay: 60 } })
  expect(await harness.client.json('GET', '/v1/audit')).toMatchObject({ entries: expect.arrayContaining([expect.objectContaining({ action: 'quotas.change', subject: 'default', detail: { functions: null } })]) as unknown })

  const late = await harness.startNode('iad-1')
  expect(late.records[0]).toMatchObject({ type: 'snapshot', accounts: [{ account: 'default', quotas: { requestsPerSecond: 100, cpuSecondsPerDay: 60 } }] })
  expect(await harness.client.json('PATCH', quotas, { requestsPerSecond: null, cpuSecondsPerDay: null })).toMatchObject({ quotas: {} })
  expect((await harness.startNode('sin-1')).records[0]).toMatchObject({ type: 'snapshot', accounts: [] })
})

it('refuses who is no operator, unknown accounts, and what is no quota', async () => {
  expect(await new ApiClient(harness.plane.url, harness.plane.nodeToken).json('PATCH', quotas, { functions: 1 })).toMatchObject({ code: 'forbidden' })
  expect(await harness.client.json('PATCH', '/v1/accounts/absent/quotas', { functions: 1 })).toMatchObject({ code: 'not_found', field: 'account' })
  expect(await harness.client.json('GET', '/v1/accounts/absent/quotas')).toMatchObject({ code: 'not_found' })
  expect(await harness.client.json('PATCH', quotas, { functions: -1 })).toMatchObject({ code: 'invalid_request', field: 'functions' })
  expect(await harness.client.json('PATCH', quotas, { concurrentRequests: 1.5 })).toMatchObject({ field: 'concurrentRequests' })
  expect(await harness.client.json('PATCH', quotas, { bytes: 1 })).toMatchObject({ field: 'bytes' })
})

it('holds functions to their number, whoever comes at the same time', async () => {
  await harness.startNode('fra-1')
  await harness.client.json('PATCH', quotas, { functions: 3 })
  const artifactHash = await harness.client.upload('1')
  const deploy = (name: string): Promise<string> =>
    harness.client
      .call('POST', '/v1/deployments', { functions: [{ name, artifactHash, config: {}, routes: [] }] })
      .then(async (response) => (response.status === 200 ? (await response.text(), 'done') : ((await response.json()) as { code: string }).code))
  const outcomes = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(deploy))
  expect(outcomes.toSorted()).toEqual(['done', 'done', 'done', 'quota_exceeded', 'quota_exceeded', 'quota_exceeded'])
  expect(await harness.client.json('GET', '/v1/quotas')).toMatchObject({ limits: { functions: 3 }, used: { functions: 3 } })

  const [kept, refused] = [outcomes.indexOf('done'), outcomes.indexOf('quota_exceeded')].map((index) => 'abcdef'[index] ?? '')
  expect(await deploy(kept ?? '')).toBe('done')
  expect(await harness.client.json('POST', '/v1/deployments', { functions: [{ name: refused, artifactHash, config: {}, routes: [] }] })).toMatchObject({ status: 403, code: 'quota_exceeded', limit: 3, used: 4 })
  await harness.client.json('DELETE', `/v1/functions/${kept}`)
  expect(await deploy(refused ?? '')).toBe('done')
})

it('holds scripts and what is stored to their bytes, source maps too', async () => {
  await harness.startNode('fra-1')
  await harness.client.json('PATCH', quotas, { scriptBytes: 10, storedBytes: 25 })
  const put = (text: string, kind = 'script'): Promise<unknown> =>
    harness.client.json('PUT', `/v1/artifacts/${createHash('sha256').update(text).digest('hex')}?kind=${kind}`, new TextEncoder().encode(text))
  expect(await put('x'.repeat(11))).toMatchObject({ status: 403, code: 'quota_exceeded', limit: 10, used: 11 })
  expect(await put('x'.repeat(10))).toMatchObject({ bytes: 10 })
  expect(await put('m'.repeat(12), 'source-map')).toMatchObject({ bytes: 12 })
  expect(await put('y'.repeat(4))).toMatchObject({ code: 'quota_exceeded', limit: 25, used: 26, field: 'body' })
  expect(await put('x'.repeat(10))).toMatchObject({ bytes: 10 })
  expect(await harness.client.json('GET', '/v1/quotas')).toMatchObject({ used: { storedBytes: 22 } })
  await harness.client.json('PATCH', quotas, { storedBytes: 5 })
  const artifactHash = createHash('sha256').update('x'.repeat(10)).digest('hex')
  const request = { functions: [{ name: 'a', artifactHash, config: {}, routes: [] }] }
  expect(await harness.client.json('POST', '/v1/deployments', request)).toMatchObject({ code: 'quota_exceeded', limit: 5, used: 22 })
})

it('reserves no more than the account may have at a time', async () => {
  await harness.startNode('fra-1')
  await harness.client.json('PATCH', quotas, { concurrentRequests: 10 })
  const deploy = (name: string, reserved: number) => harness.client.deploy(name, '1', { config: { concurrency: { reserved } } })
  done(await deploy('a', 6))
  expect(last(await deploy('b', 5))).toMatchObject({ type: 'refused', code: 'quota_exceeded' })
  done(await deploy('b', 4))
  done(await deploy('a', 5))
  done(await deploy('c', 1))
  await harness.client.json('DELETE', '/v1/functions/a')
  done(await deploy('d', 5))
  await harness.client.json('PATCH', quotas, { concurrentRequests: 2 })
  done(await deploy('d', 1))
})

it('gives nodes shares that add up, moves them after demand, and remembers CPU time over restarts of everybody', async () => {
  const [fra, iad] = [await harness.startNode('fra-1'), await harness.startNode('iad-1')]
  await harness.client.json('PATCH', quotas, { requestsPerSecond: 100, cpuSecondsPerDay: 60 })
  const day = new Date().toISOString().slice(0, 10)
  const report = async (node: typeof fra, name: string, requestsPerSecond: number, holds: number, cpuMs: number) => {
    const response = await node.post(`/v1/nodes/${name}/quotas`, 'POST', {
      day, demands: [{ account: 'default', requestsPerSecond, concurrentRequests: 0, holds: { requestsPerSecond: holds }, cpuMs }],
    })
    return ((await response.json()) as { accounts: [{ share: { requestsPerSecond: number }; cpuMs: number; othersCpuMs: number }] }).accounts[0]
  }
  // Of a node that was not heard yet it is not known what it holds: an even part may be gone.
  const first = await report(fra, 'fra-1', 90, 1, 1_000)
  expect(first).toEqual({ account: 'default', share: { requestsPerSecond: 50 }, cpuMs: 0, othersCpuMs: 0 })
  const idle = await report(iad, 'iad-1', 0, 1, 500)
  expect(idle).toEqual({ account: 'default', share: { requestsPerSecond: 5 }, cpuMs: 0, othersCpuMs: 1_000 })
  expect((await report(fra, 'fra-1', 90, 50, 1_000)).share.requestsPerSecond).toBe(95)
  // Nothing is given twice: until the other goes by less, there is no more than what it left.
  expect((await report(iad, 'iad-1', 90, 5, 500)).share.requestsPerSecond).toBe(5)
  const lowered = (await report(fra, 'fra-1', 90, 95, 2_000)).share.requestsPerSecond
  expect(lowered).toBeGreaterThan(45)
  expect(lowered).toBeLessThan(60)
  expect((await report(iad, 'iad-1', 90, 5, 500)).share.requestsPerSecond).toBe(5)
  await report(fra, 'fra-1', 90, lowered, 2_000)
  expect((await report(iad, 'iad-1', 90, 5, 500)).share.requestsPerSecond).toBeGreaterThan(40)
  expect(await harness.client.json('GET', '/v1/quotas')).toMatchObject({ used: { cpuSeconds: 2.5, requestsPerSecond: expect.any(Number) as number } })

  await harness.plane.close()
  await harness.start()
  const back = await harness.startNode('fra-1')
  expect(await report(back, 'fra-1', 0, 10, 0)).toMatchObject({ cpuMs: 2_000, othersCpuMs: 500 })
  const unknownDay = await back.post('/v1/nodes/fra-1/quotas', 'POST', { day: '2001-01-01', demands: [{ account: 'default', requestsPerSecond: 0, concurrentRequests: 0, holds: {}, cpuMs: 1e6 }] })
  expect(await unknownDay.json()).toMatchObject({ day, accounts: [{ cpuMs: 2_000 }] })
})
