import type { AuditEntry, AuditQuery } from '../protocol/index.ts'
import type { Store } from '../store/index.ts'
import { auditEntries } from './audit-log.ts'

const entriesPerRead = 500
/** So much a request looks through where a filter leaves little; the next one goes on. */
const entriesSearchedMax = 10_000

export type AuditFilter = Pick<AuditQuery, 'limit' | 'cursor' | 'action' | 'subject' | 'actor'>

/**
 * A page of a log, newest first. It may hold less than asked for, or nothing, and still have a cursor, where a filter leaves little.
 * @param sinceMs entries from before it are not shown: an account does not see what one of the same name did
 */
export async function readAudit(
  store: Store,
  log: string,
  filter: AuditFilter,
  sinceMs: number,
): Promise<{ readonly entries: AuditEntry[]; readonly nextCursor?: string }> {
  const prefix = `${log}/`
  const entries: AuditEntry[] = []
  let cursor = filter.cursor
  for (let searched = 0; searched < entriesSearchedMax; searched += entriesPerRead) {
    const after = cursor === undefined ? undefined : `${prefix}${cursor}`
    const read = await auditEntries.list(store, { prefix, after, newestFirst: true, limit: entriesPerRead })
    for (const { value } of read) {
      if (value.timeMs < sinceMs) return { entries }
      if (matches(value, filter)) entries.push(value)
      cursor = value.id
      if (entries.length === filter.limit) return { entries, nextCursor: value.id }
    }
    if (read.length < entriesPerRead) return { entries }
  }
  return { entries, ...(cursor === undefined ? {} : { nextCursor: cursor }) }
}

function matches({ action, subject, actor }: AuditEntry, filter: AuditFilter): boolean {
  const isAction = filter.action === undefined || (filter.action.endsWith('.') ? action.startsWith(filter.action) : action === filter.action)
  const isActor = filter.actor === undefined || [actor.name, actor.tokenId, actor.member].includes(filter.actor)
  return isAction && isActor && (filter.subject === undefined || subject === filter.subject)
}
