import { decodeTime } from 'ulid'
import type { RetentionRule } from '../retention/index.ts'
import type { Store } from '../store/index.ts'
import { auditCollection, auditEntries } from './audit-log.ts'

export interface AuditBounds {
  readonly ageMs: number
  /** In the log of one account. */
  readonly entries: number
}

/** A year, and the month in which somebody asks about it. */
const usualBounds: AuditBounds = { ageMs: 400 * 24 * 60 * 60 * 1_000, entries: 100_000 }

const readAtATime = 1_000
const removedAtATime = 500

/** Keeps each log to 400 days and 100,000 entries. */
export function auditRetention(store: Store): RetentionRule {
  return { name: 'audit', run: (nowMs) => trimAudit(store, nowMs) }
}

/** Removes entries that are too old or too many, from every log. Answers with how many. */
export async function trimAudit(store: Store, nowMs: number, bounds: AuditBounds = usualBounds): Promise<number> {
  let removed = 0
  for (let after: string | undefined; ;) {
    const [first] = await store.listRecords(auditCollection, { after, limit: 1 })
    if (first === undefined) return removed
    const log = first.key.slice(0, first.key.indexOf('/'))
    removed += await trimLog(store, log, nowMs, bounds)
    // Behind every key of this log.
    after = `${log}/~`
  }
}

async function trimLog(store: Store, log: string, nowMs: number, bounds: AuditBounds): Promise<number> {
  const prefix = `${log}/`
  const oldestMs = nowMs - bounds.ageMs
  const newestToGo = await findBeyond(store, prefix, bounds.entries)
  const isKept = (key: string): boolean => decodeTime(key.slice(prefix.length)) >= oldestMs && (newestToGo === undefined || key > newestToGo)
  let removed = 0
  for (;;) {
    let count = 0
    await store.commit(async () => {
      const oldest = await store.listRecords(auditCollection, { prefix, limit: removedAtATime })
      const writes = oldest.filter(({ key }) => !isKept(key)).map(({ key }) => auditEntries.remove(key))
      count = writes.length
      return { writes, timeMs: nowMs }
    })
    removed += count
    if (count < removedAtATime) return removed
  }
}

/** The newest key that is more than so many; undefined where there are no more. */
async function findBeyond(store: Store, prefix: string, entries: number): Promise<string | undefined> {
  let after: string | undefined
  for (let left = entries; left > 0; left -= readAtATime) {
    const page = await store.listRecords(auditCollection, { prefix, after, newestFirst: true, limit: Math.min(left, readAtATime) })
    after = page.at(-1)?.key
    if (page.length < Math.min(left, readAtATime)) return undefined
  }
  const [beyond] = await store.listRecords(auditCollection, { prefix, after, newestFirst: true, limit: 1 })
  return beyond?.key
}
