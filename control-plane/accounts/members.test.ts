import { describe, expect, it } from 'vitest'
import { ulid } from 'ulid'
import { createTokenWrites, tokensPerAccountMax } from '../auth/index.ts'
import { openSqliteStore } from '../store/index.ts'
import { ApiClient } from '../testing/api-client.ts'
import { steppingClock } from '../testing/fake-clock.ts'
import { done, useControlPlane } from '../testing/harness.ts'

const harness = useControlPlane({ clock: steppingClock() })

const withToken = (token: string): ApiClient => new ApiClient(harness.plane.url, token)

async function invite(name: string, role: string, by = harness.client): Promise<string> {
  const { invitation } = (await by.json('PUT', `/v1/members/${name}`, { role })) as { invitation: string }
  return invitation
}

async function join(name: string, role: string): Promise<ApiClient> {
  const { token } = (await withToken(await invite(name, role)).json('POST', '/v1/invitations/acceptance', { name: 'laptop' })) as { token: string }
  return withToken(token)
}

describe('members', () => {
  it('come by an invitation, which is for one use', async () => {
    const first = await invite('ann@example.com', 'developer')
    const second = await invite('Ann@Example.com', 'developer')
    const accept = (invitation: string): Promise<unknown> => withToken(invitation).json('POST', '/v1/invitations/acceptance', { name: 'laptop' })
    expect(await accept(first)).toMatchObject({ code: 'unauthorized' })
    expect(await harness.client.json('GET', '/v1/members')).toMatchObject({ members: [{ member: 'ann@example.com', role: 'developer', invitedUntilMs: expect.any(Number) as number }] })
    expect(await withToken(second).json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized' })
    const created = (await accept(second)) as { token: string }
    expect(created).toMatchObject({ member: 'ann@example.com', scopes: ['deploy'], name: 'laptop' })
    expect(await accept(second)).toMatchObject({ code: 'unauthorized' })
    const text = await (await harness.client.call('GET', '/v1/members')).text()
    expect(text).not.toContain('invited')
    expect(text).not.toContain('nvitation')
    expect(await withToken(created.token).json('GET', '/v1/token')).toMatchObject({ member: 'ann@example.com', scopes: ['deploy', 'read'] })
  })

  it('do what their role says, and their tokens follow it at once', async () => {
    await harness.startNode('fra-1')
    const [owner, developer, viewer] = [await join('olga', 'owner'), await join('dora', 'developer'), await join('vera', 'viewer')]
    done(await developer.deploy('hello', '1'))
    expect(await viewer.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello' }] })
    expect(await viewer.json('DELETE', '/v1/functions/hello')).toMatchObject({ code: 'forbidden' })
    expect(await developer.json('PUT', '/v1/members/eve', { role: 'owner' })).toMatchObject({ code: 'forbidden' })
    expect(await developer.json('GET', '/v1/audit')).toMatchObject({ code: 'forbidden' })
    expect(await developer.json('POST', '/v1/tokens', { name: 'ci', scopes: ['admin'] })).toMatchObject({ code: 'forbidden', field: 'scopes' })
    expect(await owner.json('PATCH', '/v1/members/dora', { role: 'viewer' })).toMatchObject({ role: 'viewer' })
    expect(await developer.json('DELETE', '/v1/functions/hello')).toMatchObject({ code: 'forbidden' })
    expect(await developer.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'hello' }] })
    expect(await owner.json('PUT', '/v1/members/dora', { role: 'owner' })).toMatchObject({ code: 'conflict', field: 'role' })
    expect(await owner.json('PATCH', '/v1/members/nobody', { role: 'viewer' })).toMatchObject({ code: 'not_found' })
    expect(await owner.json('POST', '/v1/tokens', { name: 'x', scopes: ['operator'] })).toMatchObject({ code: 'forbidden', field: 'scopes' })
    expect(await owner.json('POST', '/v1/tokens', { name: 'x', scopes: ['node'] })).toMatchObject({ code: 'forbidden', field: 'scopes' })
    expect(await owner.json('GET', '/v1/audit?actor=dora')).toMatchObject({
      entries: [{ action: 'function.deploy', actor: { member: 'dora', name: 'laptop' } }, { action: 'version.create' }, { action: 'member.join' }],
    })
  })

  it('lose all of their tokens with their place, also those that these made', async () => {
    const owner = await join('olga', 'owner')
    const developer = await join('dora', 'developer')
    const { token } = (await developer.json('POST', '/v1/tokens', { name: 'ci', scopes: ['read'] })) as { token: string }
    const pending = await invite('dora', 'developer')
    expect((await withToken(token).call('GET', '/v1/functions')).status).toBe(200)
    expect(await owner.json('DELETE', '/v1/members/dora')).toEqual({})
    for (const gone of [developer, withToken(token)]) {
      expect(await gone.json('GET', '/v1/functions')).toMatchObject({ code: 'unauthorized', detail: expect.stringContaining('was revoked') as string })
    }
    expect(await withToken(pending).json('POST', '/v1/invitations/acceptance', { name: 'x' })).toMatchObject({ code: 'unauthorized' })
    expect(await owner.json('GET', '/v1/audit?action=member.remove')).toMatchObject({ entries: [{ subject: 'dora', detail: { tokensRevoked: 2 } }] })
    expect(await owner.json('DELETE', '/v1/members/dora')).toMatchObject({ code: 'not_found' })
    // Another one of that name begins anew.
    expect(await (await join('dora', 'viewer')).json('GET', '/v1/tokens')).toMatchObject({ tokens: [{ name: 'laptop', scopes: ['read'] }] })
  })

  it('have their tokens to themselves, whatever a token of theirs for single functions is asked for', async () => {
    const developer = await join('dora', 'developer')
    const { token, id } = (await developer.json('POST', '/v1/tokens', { name: 'ci', scopes: ['deploy'], functions: ['hello'] })) as { token: string; id: string }
    const { tokens } = (await developer.json('GET', '/v1/tokens')) as { tokens: Array<{ id: string }> }
    const laptop = tokens.find((one) => one.id !== id)?.id ?? ''
    expect(await withToken(token).json('GET', '/v1/tokens')).toMatchObject({ tokens: [{ id }] })
    expect(await withToken(token).json('DELETE', `/v1/tokens/${laptop}`)).toMatchObject({ code: 'not_found' })
    expect(await withToken(token).json('DELETE', `/v1/tokens/${id}`)).toEqual({ revoked: [id] })
    expect((await developer.call('GET', '/v1/token')).status).toBe(200)
  })

  it('are created once for however many ask at a time with one invitation', async () => {
    const invitation = await invite('ann', 'viewer')
    const answers = await Promise.all(Array.from({ length: 8 }, () => withToken(invitation).call('POST', '/v1/invitations/acceptance', { name: 'x' })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401, 401, 401, 401, 401, 401])
  })
})

it('makes no more tokens than an account may have, by invitation neither', async () => {
  await harness.plane.close()
  const store = openSqliteStore({ file: `${harness.directory}/control-plane.db` })
  const writes = Array.from({ length: tokensPerAccountMax }, (_, index) =>
    createTokenWrites(`hash-${index}`, { id: ulid(index), name: 'x', prefix: 'skerry_', account: 'default', scopes: ['read'], createdMs: 1 }))
  await store.commit({ writes: writes.flat(), timeMs: 1 })
  await store.close()
  await harness.start()
  expect(await harness.client.json('POST', '/v1/tokens', { name: 'x', scopes: ['read'] })).toMatchObject({ code: 'conflict', limit: tokensPerAccountMax })
  expect(await withToken(await invite('ann', 'viewer')).json('POST', '/v1/invitations/acceptance', { name: 'x' })).toMatchObject({ code: 'conflict' })
})
