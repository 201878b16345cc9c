import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../store/index.ts'
import { createTokenWrites, invitations, revokeTokenWrites, type StoredToken, tokenIds, tokens } from './records.ts'
import { tokenRetention } from './token-retention.ts'

const dayMs = 24 * 60 * 60 * 1_000

test('forgets what ended a month ago, and never the first tokens, which would come back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-tokens-'))
  const store = openSqliteStore({ file: join(directory, 'store.db') })
  try {
    const token = (number: number, more: Partial<StoredToken> = {}): StoredToken =>
      ({ id: `01J0000000000000000000000${number}`, name: 'x', prefix: 'skerry_', account: 'acme', scopes: ['read'], createdMs: 1, ...more })
    const { prefix: _prefix, ...first } = token(5)
    await store.commit({
      writes: [
        ...createTokenWrites('good', token(1)), ...createTokenWrites('expired', token(2, { expiresMs: dayMs })), ...createTokenWrites('expires', token(3, { expiresMs: 40 * dayMs })),
        ...createTokenWrites('revoked', token(4)), ...revokeTokenWrites('revoked', token(4), dayMs), ...revokeTokenWrites('first', first, dayMs),
        invitations.put('old', { account: 'acme', member: 'ann', expiresMs: dayMs }), invitations.put('new', { account: 'acme', member: 'ben', expiresMs: 40 * dayMs }),
      ],
      timeMs: 1,
    })
    expect(await tokenRetention(store).run(32 * dayMs)).toBe(3)
    expect((await tokens.list(store, { limit: 10 })).map(({ key }) => key)).toEqual(['expires', 'first', 'good'])
    expect((await tokenIds.list(store, { limit: 10 })).map(({ value }) => value)).toEqual(['good', 'expires'])
    expect((await invitations.list(store, { limit: 10 })).map(({ key }) => key)).toEqual(['new'])
  } finally {
    await store.close()
    await rm(directory, { recursive: true })
  }
})
