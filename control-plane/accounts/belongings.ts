import type { Clock } from '../clock.ts'
import type { Store, StoreWrite } from '../store/index.ts'

/**
 * Collections whose keys are an account's name, or begin with it and a slash. With an account goes what they keep of it, but for the audit log;
 * a test finds those that are missing here.
 */
const collectionsOfAccounts = [
  'token-id', 'token-use', 'member', 'secret-holder', 'data-key', 'quota', 'quota-cpu', 'suspension', 'reserved', 'release', 'rollout', 'rollout-of',
  'rollout-active', 'usage-day', 'idempotency', 'domain',
] as const

const removedAtATime = 500

/** Removes, part by part, what collections keep of an account into which nobody writes any more. */
export async function removeBelongings(store: Store, clock: Clock, account: string): Promise<void> {
  for (const collection of collectionsOfAccounts) while (await removePart(store, clock, collection, account));
}

/** Answers whether there may be more. */
async function removePart(store: Store, clock: Clock, collection: string, account: string): Promise<boolean> {
  let count = 0
  await store.commit(async () => {
    const writes = await compose(store, collection, account)
    count = writes.length
    return { writes, timeMs: clock.nowMs() }
  })
  return count === removedAtATime
}

/** For the commit that forgets the account: what has come since, such as a node's last report. */
export async function composeLastBelongings(store: Store, account: string): Promise<readonly StoreWrite[]> {
  const writes: StoreWrite[] = []
  for (const collection of collectionsOfAccounts) writes.push(...(await compose(store, collection, account)))
  return writes
}

async function compose(store: Store, collection: string, account: string): Promise<readonly StoreWrite[]> {
  const records = await store.listRecords(collection, { prefix: `${account}/`, limit: removedAtATime })
  const own = records.length < removedAtATime && (await store.readRecord(collection, account)) !== undefined ? [account] : []
  return [...records.map(({ key }) => key), ...own].map((key) => ({ kind: 'deleteRecord', collection, key }))
}
