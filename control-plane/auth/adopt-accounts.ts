import { ulid } from 'ulid'
import { z } from 'zod'
import { scopeSchema } from '../protocol/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'
import { accounts, createTokenWrites, defaultAccount } from './records.ts'

/** Tokens as releases before accounts kept them. */
const earlierTokens = new Collection('token', z.object({ name: z.string(), account: z.string(), scopes: z.array(scopeSchema), createdMs: z.number(), id: z.string().optional() }))
/** Those releases made two. */
const earlierTokensMax = 10_000

/** Makes the account `default` at the first start, and the accounts that functions and tokens of an older release belong to. */
export async function adoptAccounts(store: Store, nowMs: number): Promise<void> {
  await store.commit(async () => {
    const writes: StoreWrite[] = []
    if ((await accounts.read(store, defaultAccount)) !== undefined) return { writes, timeMs: nowMs }
    const names = new Set([defaultAccount])
    for (const { key: hash, value } of await earlierTokens.list(store, { limit: earlierTokensMax })) {
      const { id, name, account, scopes, createdMs } = value
      if (id !== undefined) continue
      names.add(account)
      writes.push(...createTokenWrites(hash, { id: ulid(createdMs), name, account, scopes, createdMs }))
    }
    for (const { account } of (await store.readSnapshot()).functions) names.add(account)
    for (const account of names) {
      if ((await accounts.read(store, account)) === undefined) writes.push(accounts.put(account, { account, createdMs: nowMs, state: 'active' }))
    }
    return { writes, timeMs: nowMs }
  })
}
