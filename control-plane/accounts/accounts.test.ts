import { describe, expect, it } from 'vitest'
import { ApiClient } from '../testing/api-client.ts'
import { steppingClock } from '../testing/fake-clock.ts'
import { openSqliteStore } from '../store/index.ts'
import { changes, done, useControlPlane } from '../testing/harness.ts'

const harness = useControlPlane({ clock: steppingClock() })

const as = (account: string): Record<string, string> => ({ 'x-skerry-account': account })

/** A token of an account, made by the operator. */
async function tokenOf(account: string, scopes: readonly string[] = ['admin'], more: Record<string, unknown> = {}): Promise<ApiClient> {
  const response = await harness.client.call('POST', '/v1/tokens', { name: `${account}-token`, scopes, ...more }, as(account))
  const { token } = (await response.json()) as { token: string }
  return new ApiClient(harness.plane.url, token)
}

/** What the store keeps of the account acme beside its log. */
async function left(): Promise<readonly string[]> {
  const store = openSqliteStore({ file: `${harness.directory}/control-plane.db` })
  const image = await store.openImage()
  const items = [...image.items()].flatMap((item) => {
    if (item.kind === 'revision') return []
    if (item.kind === 'record') return item.key === 'acme' || item.key.startsWith('acme/') ? [`${item.collection} ${item.key}`] : []
    const account = item.kind === 'version' ? item.version.account : item.kind === 'function' ? item.function.state.account : item.account
    return account === 'acme' ? [item.kind] : []
  })
  image.close()
  await store.close()
  return items.filter((item) => !item.startsWith('audit '))
}

describe('accounts', () => {
  it('are needed before their name is used, and come once', async () => {
    expect(await (await harness.client.call('POST', '/v1/tokens', { name: 'x', scopes: ['admin'] }, as('acme'))).json()).toMatchObject({ code: 'not_found', field: 'account' })
    expect(await harness.client.json('POST', '/v1/accounts', { account: 'acme' })).toMatchObject({ account: 'acme', state: 'active' })
    expect(await harness.client.json('POST', '/v1/accounts', { account: 'acme' })).toMatchObject({ code: 'conflict', field: 'account' })
    expect(await harness.client.json('POST', '/v1/accounts', { account: 'No--Name' })).toMatchObject({ code: 'invalid_request', field: 'account' })
    expect(await harness.client.json('GET', '/v1/accounts?limit=1')).toMatchObject({ accounts: [{ account: 'acme' }], nextCursor: 'acme' })
    expect(await harness.client.json('GET', '/v1/accounts?limit=1&cursor=acme')).toMatchObject({ accounts: [{ account: 'default', state: 'active' }] })
    expect(await (await tokenOf('acme')).json('GET', '/v1/functions')).toEqual({ functions: [] })
  })

  it('are for operators; others see their own', async () => {
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    const acme = await tokenOf('acme')
    expect(await acme.json('GET', '/v1/accounts')).toMatchObject({ code: 'forbidden' })
    expect(await acme.json('GET', '/v1/accounts/acme')).toMatchObject({ account: 'acme' })
    const [there, absent] = [await acme.json('GET', '/v1/accounts/default'), await acme.json('GET', '/v1/accounts/absent')]
    expect(there).toMatchObject({ code: 'not_found', detail: 'There is no account default.' })
    expect(absent).toMatchObject({ code: 'not_found', detail: 'There is no account absent.' })
    expect(await (await acme.call('GET', '/v1/functions', undefined, as('default'))).json()).toMatchObject({ code: 'forbidden', field: 'account' })
    expect(await (await acme.call('GET', '/v1/functions', undefined, as('absent'))).json()).toMatchObject({ code: 'forbidden', field: 'account' })
    expect((await acme.call('GET', '/v1/functions', undefined, as('acme'))).status).toBe(200)
  })

  it('that are suspended can be read and not changed, until they are resumed', async () => {
    await harness.startNode('fra-1')
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    const acme = await tokenOf('acme')
    done(await acme.deploy('hello', '1'))
    const artifactHash = await acme.upload('2')
    expect(await harness.client.json('PATCH', '/v1/accounts/acme', { state: 'suspended', reason: 'unpaid' })).toMatchObject({ state: 'suspended', reason: 'unpaid' })
    const deployment = { functions: [{ name: 'hello', artifactHash, config: {}, routes: [] }] }
    const changesToMake: ReadonlyArray<readonly [string, string, unknown]> = [
      ['POST', '/v1/deployments', deployment], ['DELETE', '/v1/functions/hello', undefined], ['PUT', '/v1/functions/hello/secrets/KEY', { value: 'x' }],
      ['POST', '/v1/tokens', { name: 'x', scopes: ['read'] }], ['PUT', '/v1/members/ann', { role: 'owner' }],
    ]
    for (const [method, path, body] of changesToMake) {
      expect(await acme.json(method, path, body), `${method} ${path}`).toMatchObject({ code: 'account_suspended', status: 403, detail: expect.stringContaining('unpaid') as string })
    }
    // Checked in the commit too: an operator changes nothing of it either before it is resumed.
    expect(await (await harness.client.call('POST', '/v1/deployments', deployment, as('acme'))).json()).toMatchObject({ code: 'account_suspended' })
    expect(await acme.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello' }] })
    expect(await harness.client.json('PATCH', '/v1/accounts/acme', { state: 'active' })).toEqual(expect.not.objectContaining({ reason: 'unpaid' }))
    done(await acme.events('/v1/deployments', deployment))
    expect(await acme.json('GET', '/v1/audit?action=account.')).toMatchObject({
      entries: [{ action: 'account.resume', actor: { name: 'admin', account: 'default' } }, { action: 'account.suspend', detail: { reason: 'unpaid' } }],
    })
  })

  it('go with all they have, and leave nothing to who takes the name later', async () => {
    const node = await harness.startNode('fra-1')
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    const acme = await tokenOf('acme')
    done(await acme.deploy('hello', '1'))
    done(await acme.deploy('other', '1'))
    await acme.json('PUT', '/v1/functions/hello/secrets/KEY', { value: 'x' })
    await acme.json('PUT', '/v1/functions/to-come/secrets/KEY', { value: 'x' })
    const { invitation } = (await acme.json('PUT', '/v1/members/ann', { role: 'owner' })) as { invitation: string }
    expect(await harness.client.json('DELETE', '/v1/accounts/acme')).toMatchObject({ code: 'conflict', detail: expect.stringContaining('functions (2)') as string })
    expect(await harness.client.json('DELETE', '/v1/accounts/acme?force=true')).toEqual({})
    await node.waitFor((record) => record.type === 'revision' && record.change.kind === 'delete' && record.change.function === 'other')
    expect(changes(node).flatMap((change) => (change.kind === 'delete' ? [`${change.account}/${change.function}`] : []))).toEqual(['acme/hello', 'acme/other'])
    expect(await acme.json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized' })
    expect(await new ApiClient(harness.plane.url, invitation).json('POST', '/v1/invitations/acceptance', { name: 'x' })).toMatchObject({ code: 'unauthorized' })
    expect(await harness.client.json('GET', '/v1/accounts/acme')).toMatchObject({ code: 'not_found' })
    expect(await harness.client.json('GET', '/v1/audit?log=operator&action=account.delete')).toMatchObject({ entries: [{ subject: 'acme', detail: { functions: 2, tokens: 1, members: 1 } }] })

    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    const later = await tokenOf('acme')
    expect(await later.json('GET', '/v1/functions')).toEqual({ functions: [] })
    expect(await later.json('GET', '/v1/functions/to-come/secrets')).toEqual({ secrets: [] })
    expect(await later.json('GET', '/v1/functions/hello/secrets')).toEqual({ secrets: [] })
    expect(await later.json('GET', '/v1/members')).toEqual({ members: [] })
    expect(await later.json('GET', '/v1/audit')).toMatchObject({ entries: [{ action: 'token.create' }] })
  })

  it('leave nothing in the store but their log', async () => {
    await harness.startNode('fra-1')
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    const acme = await tokenOf('acme')
    const { functions } = done(await acme.deploy('hello', '1', { config: { concurrency: { reserved: 1 } } }))
    await acme.json('PUT', '/v1/functions/hello/secrets/KEY', { value: 'x' })
    await acme.json('PUT', '/v1/functions/to-come/secrets/KEY', { value: 'x' })
    await acme.json('PUT', '/v1/members/ann', { role: 'owner' })
    await acme.events('/v1/functions/hello/releases', { shares: [{ version: functions[0]?.version, percent: 100 }] })
    await (await acme.call('POST', '/v1/tokens', { name: 'once', scopes: ['read'] }, { 'idempotency-key': 'a-key' })).text()
    await harness.client.json('PATCH', '/v1/accounts/acme/quotas', { requestsPerSecond: 5 })
    await harness.client.json('PATCH', '/v1/accounts/acme', { state: 'suspended' })
    expect((await left()).length).toBeGreaterThan(10)
    expect(await harness.client.json('DELETE', '/v1/accounts/acme?force=true')).toEqual({})
    expect(await left()).toEqual([])
  })

  it('let no deployment end in them that was under way when they were deleted', async () => {
    const node = await harness.startNode('fra-1', { answer: () => undefined })
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    const acme = await tokenOf('acme')
    const deployment = acme.deploy('hello', '1')
    const prepare = await node.waitFor((record) => record.type === 'revision')
    if (prepare.type !== 'revision') throw new Error('no revision')
    const deletion = harness.client.json('DELETE', '/v1/accounts/acme?force=true')
    await expect.poll(() => harness.client.json('GET', '/v1/accounts/acme')).toMatchObject({ state: 'deleting' })
    const { epoch, sequence } = prepare
    await (await node.post('/v1/nodes/fra-1/acknowledgements', 'POST', { epoch, sequence, outcome: { status: 'applied' } })).text()
    expect((await deployment).at(-1)).toMatchObject({ type: 'refused', code: 'not_found' })
    expect(await deletion).toEqual({})
    expect(await left()).toEqual([])
  })

  it('that were being deleted when the control plane stopped are gone after a start', async () => {
    await harness.startNode('fra-1')
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    done(await (await tokenOf('acme')).deploy('hello', '1'))
    await harness.plane.close()
    const store = openSqliteStore({ file: `${harness.directory}/control-plane.db` })
    await store.commit({ writes: [{ kind: 'putRecord', collection: 'account', key: 'acme', value: { account: 'acme', createdMs: 1, state: 'deleting' } }], timeMs: 1 })
    await store.close()
    await harness.start()
    await expect.poll(() => harness.client.json('GET', '/v1/accounts/acme')).toMatchObject({ code: 'not_found' })
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    expect(await (await tokenOf('acme')).json('GET', '/v1/functions')).toEqual({ functions: [] })
  })

  it('are not deleted where they are the default one', async () => {
    expect(await harness.client.json('DELETE', '/v1/accounts/default?force=true')).toMatchObject({ code: 'conflict' })
  })
})
