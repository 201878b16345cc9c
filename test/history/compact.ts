import { createHash } from 'node:crypto'
import { canonicalJson, type FeedRecord, type FunctionState, type VersionRecord } from '../../control-plane/protocol/index.ts'
import type { SeenChange, SeenFunction, SeenRecord } from './history.ts'

/** The variable of a version's environment that tells which deployment it is of. */
export const markerKey = 'MARKER'

export function seenFunction(state: FunctionState): SeenFunction {
  return {
    name: state.function,
    shares: state.shares,
    markers: Object.fromEntries(state.versions.map((version) => [version.version, markerOf(version)])),
    secrets: state.secrets,
  }
}

/** What the rules need of a record, and a digest of the rest. */
export function seenRecord(record: FeedRecord): SeenRecord {
  const { type, epoch, sequence } = record
  if (type === 'heartbeat') return { type, epoch, sequence }
  if (type === 'snapshot') return { type, epoch, sequence, functions: record.functions.map(seenFunction) }
  if (type === 'snapshot-part') throw new Error('The histories have fewer functions than a snapshot in parts.')
  return { type, epoch, sequence, change: seenChange(record.change), digest: createHash('sha256').update(canonicalJson(record)).digest('hex') }
}

function seenChange(change: Extract<FeedRecord, { type: 'revision' }>['change']): SeenChange {
  switch (change.kind) {
    case 'prepare':
      return {
        kind: 'prepare', deployment: change.deployment,
        versions: change.versions.map((version) => ({ function: version.function, version: version.version, marker: markerOf(version) })),
      }
    case 'activate':
      return { kind: 'activate', deployment: change.deployment, functions: change.functions.map(seenFunction) }
    case 'delete':
      return { kind: 'delete', function: change.function }
    default:
      return { kind: 'other' }
  }
}

function markerOf(version: VersionRecord): string {
  return version.config.env[markerKey] ?? ''
}
