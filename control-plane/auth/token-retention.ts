import type { RetentionRule } from '../retention/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import { invitations, tokenIds, tokens, tokenUses } from './records.ts'

/** For so long who goes on using a token that ended is told what became of it. */
const toldMs = 30 * 24 * 60 * 60 * 1_000
const sweptAtATime = 500

export function tokenRetention(store: Store): RetentionRule {
  return { name: 'tokens', run: (nowMs) => sweepTokens(store, nowMs) }
}

/** Forgets tokens that ended a month ago, and invitations that nobody accepted. Answers with how many. */
async function sweepTokens(store: Store, nowMs: number): Promise<number> {
  const isOver = (atMs: number | undefined): boolean => atMs !== undefined && atMs < nowMs - toldMs
  let removed = 0
  for (let after: string | undefined; ;) {
    let last: string | undefined
    let count = 0
    await store.commit(async () => {
      const page = await tokens.list(store, { after, limit: sweptAtATime })
      last = page.length < sweptAtATime ? undefined : page.at(-1)?.key
      // The first tokens of a control plane have no prefix: forgotten, they would be made anew at the next start.
      const over = page.filter(({ value }) => value.prefix !== undefined && (isOver(value.revokedMs) || isOver(value.expiresMs)))
      count = over.length
      const writes = over.flatMap(({ key, value }): StoreWrite[] => {
        const id = `${value.account}/${value.id}`
        return [tokens.remove(key), tokenIds.remove(id), tokenUses.remove(id)]
      })
      return { writes, timeMs: nowMs }
    })
    removed += count
    after = last
    if (after === undefined) break
  }
  await store.commit(async () => {
    const expired = (await invitations.list(store, { limit: sweptAtATime })).filter(({ value }) => value.expiresMs < nowMs)
    removed += expired.length
    return { writes: expired.map(({ key }) => invitations.remove(key)), timeMs: nowMs }
  })
  return removed
}
