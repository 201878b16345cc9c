import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startControlPlane } from '../index.ts'
import { openSqliteStore } from '../store/index.ts'
import { ApiClient } from '../testing/api-client.ts'
import { createToken, hashToken } from './tokens.ts'

test('accounts and tokens of an older release are there after a start, and the first token works across accounts', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-adopt-'))
  try {
    const [admin, other] = [createToken(), createToken()]
    const store = openSqliteStore({ file: join(directory, 'control-plane.db') })
    const state = { account: 'with-functions', function: 'hello', routes: [], shares: [], versions: [], secrets: {} }
    const earlier = (token: string, name: string, account: string) =>
      ({ kind: 'putRecord', collection: 'token', key: hashToken(token), value: { name, account, scopes: ['admin'], createdMs: 1 } }) as const
    await store.commit({ writes: [{ kind: 'putFunction', state }, earlier(admin, 'admin', 'default'), earlier(other, 'theirs', 'with-tokens')], timeMs: 1 })
    await store.close()
    for (let start = 0; start < 2; start += 1) {
      const plane = await startControlPlane({ port: 0, dataDirectory: directory, tokens: { admin }, log: () => {} })
      try {
        const client = new ApiClient(plane.url, admin)
        expect(await client.json('GET', '/v1/accounts')).toMatchObject({
          accounts: [{ account: 'default', state: 'active' }, { account: 'with-functions', state: 'active' }, { account: 'with-tokens', state: 'active' }],
        })
        expect(await new ApiClient(plane.url, other).json('GET', '/v1/token')).toMatchObject({ account: 'with-tokens', name: 'theirs', scopes: ['admin'] })
        expect(await new ApiClient(plane.url, other).json('GET', '/v1/tokens')).toMatchObject({ tokens: [{ name: 'theirs' }] })
      } finally {
        await plane.close()
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('a first token that was revoked stays revoked, and one that is given replaces the one before', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-adopt-'))
  const start = (admin?: string) => startControlPlane({ port: 0, dataDirectory: directory, log: () => {}, ...(admin === undefined ? {} : { tokens: { admin } }) })
  const statusOf = async (url: string, token: string): Promise<number> => (await new ApiClient(url, token).call('GET', '/v1/token')).status
  try {
    const first = await start()
    const { id } = (await new ApiClient(first.url, first.adminToken).json('GET', '/v1/token')) as { id: string }
    expect(await new ApiClient(first.url, first.adminToken).json('DELETE', `/v1/tokens/${id}`)).toEqual({ revoked: [id] })
    await first.close()
    const second = await start()
    expect(await statusOf(second.url, first.adminToken)).toBe(401)
    await second.close()
    const given = createToken()
    const third = await start(given)
    expect([await statusOf(third.url, first.adminToken), await statusOf(third.url, given)]).toEqual([401, 200])
    expect(await new ApiClient(third.url, given).json('GET', '/v1/tokens')).toMatchObject({ tokens: [{ name: 'node' }, { name: 'admin' }] })
    await third.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
