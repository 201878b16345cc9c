import { type KeyObject, verify } from 'node:crypto'
import { type FeedRecord, feedRecordSchema, signedBytes } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'

/**
 * A record of the feed, validated. Where the control plane's key is known, snapshots and revisions must carry its signature.
 * Throws `internal_error` that says what is wrong with it.
 */
export function parseRecord(line: string, publicKey: KeyObject | undefined): FeedRecord {
  const raw = parseJson(line)
  const parsed = feedRecordSchema.safeParse(raw)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new SkerryError('internal_error', `A record of the feed does not match the schema at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}. Node and control plane may have different versions.`)
  }
  const record = parsed.data
  if (publicKey !== undefined && record.type !== 'heartbeat' && !isSigned(raw, record.signature ?? '', publicKey)) {
    throw new SkerryError('internal_error', `Record ${record.sequence} of the feed is not signed by the control plane's key; it was not applied.`)
  }
  return record
}

function parseJson(line: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new SkerryError('internal_error', 'A line of the feed is not JSON.', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SkerryError('internal_error', 'A line of the feed is no record.')
  return Object.fromEntries(Object.entries(value))
}

function isSigned(raw: Readonly<Record<string, unknown>>, signature: string, publicKey: KeyObject): boolean {
  try {
    return signature !== '' && verify(null, signedBytes(raw), publicKey, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}
