import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ulid } from 'ulid'
import { accounts as storedAccounts, createToken, createTokenWrites, hashToken } from '../../control-plane/auth/index.ts'
import { openSqliteStore } from '../../control-plane/store/index.ts'

/** Makes accounts, each with an admin token, in the store of a control plane that does not run yet; answers with them by account. */
export async function addAccounts(dataDirectory: string, accounts: readonly string[]): Promise<Readonly<Record<string, string>>> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const store = openSqliteStore({ file: join(dataDirectory, 'control-plane.db') })
  try {
    const tokens: Record<string, string> = {}
    for (const account of accounts) {
      const token = createToken()
      const nowMs = Date.now()
      await store.commit({
        writes: [
          storedAccounts.put(account, { account, createdMs: nowMs, state: 'active' }),
          ...createTokenWrites(hashToken(token), { id: ulid(nowMs), name: `admin of ${account}`, account, scopes: ['admin'], createdMs: nowMs }),
        ],
        timeMs: nowMs,
      })
      tokens[account] = token
    }
    return tokens
  } finally {
    await store.close()
  }
}
