import { ulid } from 'ulid'
import { auditEntrySchema } from '../protocol/index.ts'
import { Collection, type StoreWrite } from '../store/index.ts'
import type { Actor } from './actor.ts'

export const auditCollection = 'audit'

/** Entries by `account/ULID`. Nothing but `auditWrite` puts one there, and nothing but `trimAudit` takes one away. */
export const auditEntries = new Collection(auditCollection, auditEntrySchema)

export type AuditValue = string | number | boolean | null | undefined | readonly AuditValue[] | { readonly [key: string]: AuditValue }
export type AuditDetail = Readonly<Record<string, AuditValue>>

/**
 * The entry of a change, to be written in the same commit as the change, so that there is neither without the other.
 *
 * @param action such as `function.deploy`
 * @param subject what is changed: a function's name, the id of a token
 * @param detail never the value of a secret, never a token
 * @param timeMs that of the commit
 */
export function auditWrite(actor: Actor, action: `${string}.${string}`, subject: string, detail: AuditDetail, timeMs: number): StoreWrite {
  const id = ulid(timeMs)
  const { account, name, tokenId, member, homeAccount, requestId, address } = actor
  return auditEntries.put(`${account}/${id}`, {
    id,
    timeMs,
    actor: {
      name,
      ...(tokenId === undefined ? {} : { tokenId }),
      ...(member === undefined ? {} : { member }),
      ...(homeAccount === undefined || homeAccount === account ? {} : { account: homeAccount }),
    },
    action,
    subject,
    detail: { ...detail },
    ...(requestId === undefined ? {} : { requestId }),
    ...(address === undefined ? {} : { address }),
  })
}
