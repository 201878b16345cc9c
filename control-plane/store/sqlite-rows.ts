import type { FeedChange, FunctionState, VersionConfig } from '../protocol/index.ts'
import { wholeRow } from './row-checksum.ts'
import type { Row } from './sqlite-database.ts'
import type { ListedFunction, StoredFunction, StoredRecord, StoredRevision, StoredVersion, VersionStatus } from './store.ts'

/** Rows as records. What stands in the file was validated before it was written, and is held against its checksum. */

export const versionColumns =
  'version, account, function, created_ms, message, artifact_hash, artifact_bytes, source_map_hash, config, routes, status, is_loaded, checksum'
export const functionColumns = 'account, name, state, updated_ms, checksum'
export const recordColumns = 'collection, key, value, checksum'
export const revisionColumns = 'sequence, time_ms, change, checksum'

export function toVersion(found: Row): StoredVersion {
  const row = wholeRow('versions', found)
  const sourceMapHash = row['source_map_hash']
  return {
    version: String(row['version']),
    account: String(row['account']),
    function: String(row['function']),
    createdMs: Number(row['created_ms']),
    message: String(row['message']),
    artifactHash: String(row['artifact_hash']),
    artifactBytes: Number(row['artifact_bytes']),
    sourceMapHash: typeof sourceMapHash === 'string' ? sourceMapHash : undefined,
    config: JSON.parse(String(row['config'])) as VersionConfig,
    routes: JSON.parse(String(row['routes'])) as string[],
    status: String(row['status']) as VersionStatus,
    isLoaded: row['is_loaded'] === 1,
  }
}

export function toFunction(row: Row): StoredFunction {
  return { state: toState(row), updatedMs: Number(row['updated_ms']) }
}

export function toListedFunction(row: Row): ListedFunction {
  return {
    name: String(row['name']),
    routes: JSON.parse(String(row['routes'] ?? '[]')) as string[],
    shares: JSON.parse(String(row['shares'] ?? '[]')) as FunctionState['shares'],
    updatedMs: Number(row['updated_ms']),
  }
}

export function toState(row: Row): FunctionState {
  return JSON.parse(String(wholeRow('functions', row)['state'])) as FunctionState
}

export function toRevision(row: Row): StoredRevision {
  return {
    sequence: Number(row['sequence']),
    timeMs: Number(row['time_ms']),
    change: JSON.parse(String(wholeRow('revisions', row)['change'])) as FeedChange,
  }
}

export function toRecord(row: Row): StoredRecord {
  return { key: String(row['key']), value: JSON.parse(String(wholeRow('records', row)['value'])) as unknown }
}
