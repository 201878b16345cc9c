import { createHash } from 'node:crypto'
import { beforeAll, expect, it } from 'vitest'
import type { FeedRecord, FunctionState } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { done, last, useOneControlPlane } from './testing/harness.ts'
import type { ScriptedNode } from './testing/scripted-node.ts'

const harness = useOneControlPlane()
let fra: ScriptedNode
let iad: ScriptedNode
let operator: ApiClient

const config = { env: { GREETING: 'from within' } }
const hold = (account: string, ...regions: string[]): Promise<unknown> => operator.json('PATCH', `/v1/accounts/${account}/residency`, { regions })
const artifact = (script: string, region: string): Promise<number> =>
  new ApiClient(harness.plane.url, harness.plane.nodeToken).call('GET', `/v1/artifacts/${createHash('sha256').update(script).digest('hex')}?region=${region}`).then(({ status }) => status)

/** The owner of a new account. */
async function create(account: string): Promise<ApiClient> {
  await operator.json('POST', '/v1/accounts', { account })
  const created = await operator.call('POST', '/v1/tokens', { name: 'owner', scopes: ['admin'] }, { 'x-skerry-account': account })
  return new ApiClient(harness.plane.url, ((await created.json()) as { token: string }).token)
}

/** All that a record tells of an account. */
function told(record: FeedRecord, account: string): { functions: FunctionState[]; regions: readonly string[] | undefined } | undefined {
  if (record.type === 'snapshot') return { functions: record.functions.filter((state) => state.account === account), regions: record.accounts.find((one) => one.account === account)?.regions }
  if (record.type !== 'revision') return undefined
  const { change } = record
  if (change.kind === 'account' && change.account === account) return { functions: [], regions: change.regions }
  return change.kind === 'activate' && change.functions[0]?.account === account ? { functions: change.functions, regions: undefined } : undefined
}
const latest = (node: ScriptedNode, account: string) => node.records.map((record) => told(record, account)).findLast((one) => one !== undefined)
const seen = (state: FunctionState | undefined): unknown => state && { secrets: state.secrets, env: state.versions[0]?.config.env }

beforeAll(async () => {
  operator = harness.client
  fra = await harness.startNode('fra-1', { tellsRegion: true })
  iad = await harness.startNode('iad-1', { tellsRegion: true })
})

it('sends secrets, environment and artifacts to the regions that an account is held to, and to others where to go', async () => {
  const owner = await create('walled')
  expect(await hold('walled', 'fra')).toMatchObject({ account: 'walled', regions: ['fra'], homeless: [], cleared: ['iad-1'], missing: [] })
  await owner.json('PUT', '/v1/functions/hello/secrets/KEY', { value: 'secret' })
  done(await owner.deploy('hello', 'walled script', { config }))
  expect(seen(latest(fra, 'walled')?.functions[0])).toEqual({ secrets: { KEY: 'secret' }, env: config.env })
  const outside = latest(iad, 'walled')?.functions[0]
  expect(seen(outside)).toEqual({ secrets: {}, env: {} })
  expect(outside?.shares).toEqual(latest(fra, 'walled')?.functions[0]?.shares)
  expect([await artifact('walled script', 'fra'), await artifact('walled script', 'iad')]).toEqual([200, 404])
  expect(iad.records.every((record) => !JSON.stringify(record).includes('from within'))).toBe(true)

  const late = await harness.startNode('iad-2', { tellsRegion: true })
  expect(late.records[0]).toMatchObject({ type: 'snapshot', accounts: [{ account: 'walled', quotas: {}, regions: ['fra'] }] })
  expect(seen(latest(late, 'walled')?.functions[0])).toEqual({ secrets: {}, env: {} })
  await late.stop()
})

it('tells nodes that are let in all that they may have now, and others nothing', async () => {
  const owner = await create('widened')
  await hold('widened', 'fra')
  await owner.json('PUT', '/v1/functions/hello/secrets/KEY', { value: 'secret' })
  done(await owner.deploy('hello', 'widened script', { config }))
  const before = fra.records.length
  expect(await hold('widened', 'fra', 'iad')).toMatchObject({ regions: ['fra', 'iad'], cleared: [], missing: [] })
  await iad.waitFor((record) => told(record, 'widened')?.regions?.includes('iad') === true)
  expect(seen(latest(iad, 'widened')?.functions[0])).toEqual({ secrets: { KEY: 'secret' }, env: config.env })
  await fra.waitFor((record) => told(record, 'widened')?.regions?.includes('iad') === true)
  expect(fra.records.slice(before).map(({ type }) => type)).not.toContain('snapshot')
  expect(await artifact('widened script', 'iad')).toBe(200)
})

it('never tells again what was told before an account was held to other regions', async () => {
  const owner = await create('narrowed')
  const start = fra.records.at(-1)
  done(await owner.deploy('hello', 'narrowed script', { config }))
  expect(seen(latest(iad, 'narrowed')?.functions[0])).toMatchObject({ env: config.env })
  await hold('narrowed', 'fra')
  const behind = await harness.startNode('iad-3', { tellsRegion: true, position: { epoch: start?.epoch ?? '', after: start?.sequence ?? 0 } })
  expect(behind.records.map(({ type }) => type)).toEqual(['snapshot', 'heartbeat'])
  expect(JSON.stringify(behind.records.map((record) => told(record, 'narrowed')))).not.toContain('from within')
  expect(seen(latest(behind, 'narrowed')?.functions[0])).toEqual({ secrets: {}, env: {} })
  expect(latest(behind, 'narrowed')?.regions).toEqual(['fra'])
  await behind.stop()
  expect(await artifact('narrowed script', 'iad')).toBe(404)

  expect(await hold('narrowed', '*')).toMatchObject({ regions: ['*'], missing: [] })
  await iad.waitFor((record) => record.type === 'snapshot' && record.functions.some((state) => state.account === 'narrowed' && seen(state) !== undefined && state.versions[0]?.config.env['GREETING'] !== undefined))
  expect(await hold('narrowed', '*')).toEqual({ account: 'narrowed', regions: ['*'], homeless: [], cleared: [], missing: [] })
})

it('tells nothing of an account that was held to regions and is no more, and holds the next of its name to none', async () => {
  const owner = await create('gone')
  await hold('gone', 'fra')
  const start = fra.records.at(-1)
  done(await owner.deploy('hello', 'gone script', { config }))
  await operator.json('DELETE', '/v1/accounts/gone?force=true')
  const behind = await harness.startNode('iad-4', { tellsRegion: true, position: { epoch: start?.epoch ?? '', after: (start?.sequence ?? 1) - 1 } })
  expect(behind.records.map(({ type }) => type)).toEqual(['snapshot', 'heartbeat'])
  expect(JSON.stringify(behind.records)).not.toContain('"account":"gone"')
  await behind.stop()
  const next = await create('gone')
  expect(await next.json('GET', '/v1/accounts/gone/residency')).toEqual({ account: 'gone', regions: ['*'] })
  done(await next.deploy('hello', 'next script', { config }))
  await iad.waitFor((record) => (told(record, 'gone')?.functions.length ?? 0) > 0 && seen(told(record, 'gone')?.functions[0]) !== undefined)
  expect(seen(latest(iad, 'gone')?.functions[0])).toMatchObject({ env: config.env })
})

it('grants nodes outside nothing of an account’s quotas, and does not believe what they say that it used', async () => {
  const owner = await create('metered')
  await hold('metered', 'fra')
  await operator.json('PATCH', '/v1/accounts/metered/quotas', { cpuSecondsPerDay: 60, requestsPerSecond: 100 })
  const report = async (node: ScriptedNode, name: string): Promise<unknown> => {
    const day = new Date().toISOString().slice(0, 10)
    const demands = [{ account: 'metered', requestsPerSecond: 90, concurrentRequests: 0, holds: {}, cpuMs: 59_000 }]
    return ((await (await node.post(`/v1/nodes/${name}/quotas`, 'POST', { day, demands })).json()) as { accounts: unknown }).accounts
  }
  expect(await report(iad, 'iad-1')).toEqual([])
  expect(await owner.json('GET', '/v1/quotas')).not.toMatchObject({ used: { cpuSeconds: 59 } })
  // Nothing is kept back for those that may run nothing of it.
  expect(await report(fra, 'fra-1')).toMatchObject([{ account: 'metered', othersCpuMs: 0, share: { requestsPerSecond: expect.closeTo(100, 6) as number } }])
  expect(await owner.json('GET', '/v1/quotas')).toMatchObject({ used: { cpuSeconds: 59 } })
})

it('refuses what could run nowhere, and names what can run nowhere any more', async () => {
  const owner = await create('homeless')
  done(await owner.deploy('american', 'american', { config: { regions: ['iad', 'sin'] } }))
  expect(await hold('homeless', 'fra', 'lhr')).toMatchObject({ homeless: ['american'] })
  const refused = await owner.call('POST', '/v1/deployments', {
    functions: [{ name: 'other', artifactHash: await owner.upload('other'), config: { regions: ['iad', 'sin'] }, routes: [] }],
  })
  expect(await refused.json()).toMatchObject({
    code: 'invalid_request', field: 'regions', detail: 'other asks for iad, sin (`regions`), and the account homeless is held to fra, lhr: it could run nowhere.',
  })
  expect(await owner.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'american' }] })
  done(await owner.deploy('both', 'both', { config: { regions: ['fra', 'iad'] } }))
  await hold('homeless', 'lhr')
  // Nobody is there who may run it, though nodes of its own regions are.
  expect(last(await owner.deploy('third', 'third', { config: { regions: ['lhr', 'fra'] } }))).toMatchObject({ type: 'refused', code: 'no_nodes', detail: expect.stringContaining('(lhr)') as unknown })
})

it('is for operators, seen by the account, and written to both logs', async () => {
  const owner = await create('seen')
  const path = '/v1/accounts/seen/residency'
  expect(await owner.json('GET', path)).toEqual({ account: 'seen', regions: ['*'] })
  expect(await owner.json('PATCH', path, { regions: ['fra'] })).toMatchObject({ code: 'forbidden' })
  await hold('seen', 'iad', 'fra', 'iad')
  expect(await owner.json('GET', path)).toEqual({ account: 'seen', regions: ['fra', 'iad'] })
  expect(await owner.json('GET', '/v1/accounts/walled/residency')).toMatchObject({ code: 'not_found' })
  const entry = { action: 'account.residency', subject: 'seen', detail: { regions: ['fra', 'iad'], before: ['*'] } }
  expect(await owner.json('GET', '/v1/audit?action=account.residency')).toMatchObject({ entries: [entry] })
  expect(await operator.json('GET', '/v1/audit?log=operator&subject=seen&action=account.residency')).toMatchObject({ entries: [entry] })
  for (const regions of [[], ['FRA'], ['*', 'fra'], ['nowhere']]) expect(await operator.json('PATCH', path, { regions })).toMatchObject({ code: 'invalid_request' })
  expect(await hold('absent', 'fra')).toMatchObject({ code: 'not_found', field: 'account' })
  // What changes of an account besides keeps it.
  await operator.json('PATCH', '/v1/accounts/seen', { state: 'suspended' })
  await operator.json('PATCH', '/v1/accounts/seen/quotas', { functions: 5 })
  await iad.waitFor((record) => record.type === 'revision' && record.change.kind === 'account' && record.change.quotas.functions === 5)
  expect(latest(iad, 'seen')?.regions).toEqual(['fra', 'iad'])
})
