import { describe, expect, it } from 'vitest'
import type { AuditEntry } from '../protocol/index.ts'
import { ApiClient } from '../testing/api-client.ts'
import { steppingClock } from '../testing/fake-clock.ts'
import { done, useControlPlane } from '../testing/harness.ts'

const harness = useControlPlane({ clock: steppingClock() })

interface Page {
  readonly entries: readonly AuditEntry[]
  readonly nextCursor?: string
}

async function read(query = '', by = harness.client): Promise<Page> {
  return (await by.json('GET', `/v1/audit${query}`)) as Page
}

describe('the audit log', () => {
  it('tells of every change who made it, by which request and from where, and holds no secret', async () => {
    await harness.startNode('fra-1')
    const { functions } = done(await harness.client.deploy('hello', '1', {}, { message: 'first' }))
    const put = await harness.client.call('PUT', '/v1/functions/hello/secrets/KEY', { value: 'the value of it' })
    await put.text()
    await harness.client.json('DELETE', '/v1/functions/hello/secrets/KEY')
    await harness.client.events('/v1/functions/hello/releases', { shares: [{ version: functions[0]?.version, percent: 100 }] })
    await harness.client.json('DELETE', '/v1/functions/hello')
    const { entries } = await read()
    expect(entries.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
      'function.delete hello', 'function.release hello', 'secret.delete hello', 'secret.put hello', 'function.deploy hello', 'version.create hello',
    ])
    expect(entries[3]).toEqual({
      id: expect.any(String) as string, timeMs: expect.any(Number) as number, action: 'secret.put', subject: 'hello', detail: { key: 'KEY' },
      actor: { name: 'admin', tokenId: expect.any(String) as string }, requestId: put.headers.get('x-skerry-id'), address: '127.0.0.1',
    })
    expect(entries[4]).toMatchObject({ detail: { version: functions[0]?.version, message: 'first', shares: [{ percent: 100 }] } })
    expect(JSON.stringify(entries)).not.toContain('the value of it')
    expect(JSON.stringify(entries)).not.toContain(harness.plane.adminToken)
  })

  it('tells of no change that was refused, and of what the control plane did itself', async () => {
    await harness.client.json('DELETE', '/v1/functions/absent')
    await harness.client.json('DELETE', '/v1/functions/absent/secrets/KEY')
    await harness.client.json('PUT', '/v1/members/ann', { role: 'nonsense' })
    expect(await read()).toEqual({ entries: [] })
    await harness.startNode('fra-1', {
      answer: ({ change }) => (change.kind === 'prepare' ? { status: 'failed', code: 'startup_failed', function: 'hello', detail: 'it threw' } : { status: 'applied' }),
    })
    await harness.client.deploy('hello', '1')
    expect(await read()).toMatchObject({ entries: [{ action: 'version.refuse', actor: { name: 'system' }, detail: { node: 'fra-1', code: 'startup_failed' } }, { action: 'version.create' }] })
  })

  it('comes in pages, by action, subject or actor, and from others not at all', async () => {
    for (const key of ['A', 'B', 'C', 'D']) await harness.client.json('PUT', `/v1/functions/${key === 'D' ? 'other' : 'hello'}/secrets/${key}`, { value: 'x' })
    await harness.client.json('DELETE', '/v1/functions/hello/secrets/A')
    const first = await read('?limit=2')
    const second = await read(`?limit=2&cursor=${first.nextCursor ?? ''}`)
    const third = await read(`?limit=2&cursor=${second.nextCursor ?? ''}`)
    expect([first, second, third].flatMap(({ entries }) => entries.map(({ action, detail }) => `${action} ${String(detail['key'])}`))).toEqual([
      'secret.delete A', 'secret.put D', 'secret.put C', 'secret.put B', 'secret.put A',
    ])
    expect((await read('?action=secret.delete')).entries).toHaveLength(1)
    expect((await read('?action=secret.')).entries).toHaveLength(5)
    expect((await read('?subject=other')).entries).toHaveLength(1)
    expect((await read('?actor=admin&action=secret.put')).entries).toHaveLength(4)
    expect((await read('?actor=nobody')).entries).toHaveLength(0)
    const { token } = (await harness.client.json('POST', '/v1/tokens', { name: 'reader', scopes: ['admin'] })) as { token: string }
    expect(await read('?log=operator', new ApiClient(harness.plane.url, token))).toMatchObject({ code: 'forbidden', field: 'log' })
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(await harness.client.json(method, '/v1/audit')).toMatchObject({ code: 'not_found' })
  })

  it('names the account of an operator who acts on another', async () => {
    await harness.client.json('POST', '/v1/accounts', { account: 'acme' })
    const there = { 'x-skerry-account': 'acme' }
    await (await harness.client.call('PUT', '/v1/functions/hello/secrets/KEY', { value: 'x' }, there)).text()
    expect(await (await harness.client.call('GET', '/v1/audit', undefined, there)).json()).toMatchObject({
      entries: [{ action: 'operator.access', detail: { method: 'GET', path: '/v1/audit' } }, { action: 'secret.put', actor: { name: 'admin', account: 'default' } }],
    })
    // Once an hour.
    await (await harness.client.call('GET', '/v1/functions', undefined, there)).text()
    const again = (await (await harness.client.call('GET', '/v1/audit', undefined, there)).json()) as Page
    expect(again.entries).toHaveLength(2)
    expect(await read()).toEqual({ entries: [] })
    expect(await read('?log=operator')).toMatchObject({ entries: [{ action: 'account.create', subject: 'acme', actor: { account: 'default' } }] })
  })
})
