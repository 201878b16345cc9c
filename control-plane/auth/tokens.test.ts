import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ApiClient } from '../testing/api-client.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { done, useOneControlPlane } from '../testing/harness.ts'

const clock = new FakeClock()
const harness = useOneControlPlane({ clock })
const dayMs = 24 * 60 * 60 * 1_000

interface Created {
  readonly token: string
  readonly id: string
  readonly prefix: string
}

const withToken = (token: string): ApiClient => new ApiClient(harness.plane.url, token)

async function create(request: Record<string, unknown>, by = harness.client): Promise<Created> {
  return (await by.json('POST', '/v1/tokens', { name: 'made', ...request })) as Created
}

describe('tokens', () => {
  it('are shown once, listed by id and prefix, and noted when they are used', async () => {
    const { token, id, prefix } = await create({ name: 'ci', scopes: ['deploy', 'read'], expiresInSeconds: 3_600 })
    expect(token.startsWith(prefix)).toBe(true)
    expect(id.toLowerCase()).toContain(prefix.slice('skerry_'.length, -1))
    expect(id).not.toContain(createHash('sha256').update(token).digest('hex').slice(0, 8))
    await withToken(token).json('GET', '/v1/functions')
    const hour = clock.nowMs() - (clock.nowMs() % 3_600_000)
    await expect.poll(() => harness.client.json('GET', '/v1/tokens')).toMatchObject({
      tokens: expect.arrayContaining([
        { id, name: 'ci', prefix, account: 'default', scopes: ['deploy', 'read'], createdMs: clock.nowMs(), createdBy: expect.any(String) as string, expiresMs: clock.nowMs() + 3_600_000, lastUsedMs: hour },
      ]) as unknown[],
    })
    expect(await (await harness.client.call('GET', '/v1/tokens')).text()).not.toContain(token)
    expect(await (await harness.client.call('GET', '/v1/audit')).text()).not.toContain(token.slice(prefix.length))
    expect(await harness.client.json('GET', '/v1/tokens?limit=1')).toMatchObject({ tokens: [{ name: expect.stringMatching(/^(?:admin|node|ci)$/) as string }], nextCursor: expect.any(String) as string })
  })

  it('end at once, with the time told to who has them', async () => {
    const { token, id } = await create({ scopes: ['read'], expiresInSeconds: 60 })
    const brief = withToken(token)
    expect((await brief.call('GET', '/v1/functions')).status).toBe(200)
    clock.advance(60_000)
    expect(await brief.json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized', detail: expect.stringMatching(/made expired at 20/) as string })
    const other = await create({ scopes: ['read'] })
    clock.advance(1)
    expect(await withToken(other.token).json('DELETE', `/v1/tokens/${id}`)).toMatchObject({ code: 'not_found' })
    expect(await withToken(other.token).json('DELETE', `/v1/tokens/${other.id}`)).toEqual({ revoked: [other.id] })
    expect(await withToken(other.token).json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized', detail: expect.stringMatching(/made was revoked at 20/) as string })
    expect(await harness.client.json('DELETE', `/v1/tokens/${other.id}`)).toMatchObject({ code: 'not_found' })
    expect(await harness.client.json('GET', `/v1/audit?subject=${other.id}`)).toMatchObject({
      entries: [{ action: 'token.revoke', actor: { tokenId: other.id } }, { action: 'token.create', actor: { name: 'admin' } }],
    })
  })

  it('never give more than the one that they are made with', async () => {
    const admin = withToken((await create({ scopes: ['admin'], expiresInSeconds: 3_600 })).token)
    const cases: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
      [{ scopes: ['operator'] }, 'scopes'], [{ scopes: ['node'] }, 'scopes'], [{ scopes: ['read'], expiresInSeconds: 3_601 }, 'expiresInSeconds'],
    ]
    for (const [request, field] of cases) expect(await create(request, admin)).toMatchObject({ code: 'forbidden', field })
    expect(await create({ scopes: ['read'] }, admin)).toMatchObject({ expiresMs: clock.nowMs() + 3_600_000 })
    const deploy = withToken((await create({ scopes: ['deploy'] })).token)
    expect(await create({ scopes: ['read'] }, deploy)).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('no member') as string })
    expect(await create({ scopes: ['admin'], functions: ['hello'] })).toMatchObject({ code: 'invalid_request', field: 'scopes' })
    expect(await create({ scopes: [] })).toMatchObject({ code: 'invalid_request', field: 'scopes' })
    const operator = withToken((await create({ scopes: ['operator'] })).token)
    expect(await operator.json('DELETE', '/v1/functions/hello')).toMatchObject({ code: 'forbidden' })
    expect(await create({ scopes: ['node'] }, operator)).toMatchObject({ scopes: ['node'] })
  })

  it('end with those that were made with them, where that is asked for', async () => {
    const leaked = await create({ scopes: ['admin'] })
    clock.advance(1)
    const child = await create({ scopes: ['admin'] }, withToken(leaked.token))
    clock.advance(1)
    const [grandchild, other] = [await create({ scopes: ['read'] }, withToken(child.token)), await create({ scopes: ['read'] })]
    expect(await harness.client.json('DELETE', `/v1/tokens/${leaked.id}?created=true`)).toEqual({ revoked: [leaked.id, child.id, grandchild.id] })
    const statuses = await Promise.all([leaked, child, grandchild, other].map(async ({ token }) => (await withToken(token).call('GET', '/v1/functions')).status))
    expect(statuses).toEqual([401, 401, 401, 200])
  })

  it('for single functions reach nothing else', async () => {
    await harness.startNode('fra-1')
    const one = withToken((await create({ scopes: ['deploy'], functions: ['mine'] })).token)
    done(await one.deploy('mine', '1'))
    done(await harness.client.deploy('theirs', '1'))
    expect(await one.json('GET', '/v1/functions')).toEqual({ functions: [expect.objectContaining({ name: 'mine' })] })
    const artifactHash = await one.upload('2')
    const deploy = (...names: string[]): Promise<unknown> =>
      one.json('POST', '/v1/deployments', { functions: names.map((name) => ({ name, artifactHash, config: {}, routes: [] })) })
    expect(await deploy('mine', 'theirs')).toMatchObject({ code: 'forbidden' })
    for (const name of ['theirs', 'absent']) {
      expect(await one.json('GET', `/v1/functions/${name}/versions`)).toMatchObject({ code: 'forbidden', detail: 'This token is for mine only.' })
      expect(await one.json('DELETE', `/v1/functions/${name}`)).toMatchObject({ code: 'forbidden' })
    }
    expect(await one.json('GET', '/v1/members')).toMatchObject({ code: 'forbidden' })
    expect(await one.json('GET', '/v1/tokens')).toMatchObject({ tokens: [{ functions: ['mine'] }] })
    expect(await one.json('GET', '/v1/functions/mine/versions')).toMatchObject({ versions: [{ function: 'mine' }] })
  })

  it('that are revoked or expire end the connections that stand on them, and no others', async () => {
    const [revoked, expiring, staying] = [await create({ scopes: ['read'] }), await create({ scopes: ['read'], expiresInSeconds: 3 }), await create({ scopes: ['read'] })]
    const readers = await Promise.all(
      [revoked, expiring, staying].map(async ({ token }) => {
        const response = await withToken(token).call('GET', '/v1/functions/mine/tail')
        expect(response.status).toBe(200)
        const reader = response.body?.getReader()
        const state = { isEnded: false, cancel: () => reader?.cancel() }
        reader?.read().then(() => (state.isEnded = true), () => (state.isEnded = true))
        return state
      }),
    )
    await harness.client.json('DELETE', `/v1/tokens/${revoked.id}`)
    clock.advance(2_000)
    await expect.poll(() => readers.map(({ isEnded }) => isEnded)).toEqual([true, false, false])
    clock.advance(2_000)
    await expect.poll(() => readers.map(({ isEnded }) => isEnded)).toEqual([true, true, false])
    await readers[2]?.cancel()
  })

  it('that are wrong are bounded for an address, where right ones go on', async () => {
    clock.advance(dayMs)
    const wrong = withToken('skerry_wrong')
    const statuses = new Set<number>()
    for (let attempt = 0; attempt < 30; attempt += 1) statuses.add((await wrong.call('GET', '/v1/functions')).status)
    expect([...statuses]).toEqual([401])
    const refused = await wrong.call('GET', '/v1/functions')
    expect([refused.status, refused.headers.get('x-skerry-error'), refused.headers.get('retry-after')]).toEqual([429, 'too_many_attempts', '2'])
    const fresh = await create({ scopes: ['read'] })
    expect((await withToken(fresh.token).call('GET', '/v1/functions')).status).toBe(200)
    clock.advance(2_000)
    expect((await wrong.call('GET', '/v1/functions')).status).toBe(401)
    expect((await wrong.call('GET', '/v1/functions')).status).toBe(429)
  })
})
