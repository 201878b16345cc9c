import type { SQLOutputValue } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { SkerryError } from '../../errors/index.ts'
import type { Row } from './sqlite-database.ts'

/**
 * SQLite finds pages that are damaged, and no value that is: a bit that turned in a number may leave another number. So the rows that
 * are served from carry a CRC-32 of what never changes in them alone; secrets are sealed, and artifacts named by their hash.
 */
export const checkedColumns = {
  functions: ['account', 'name', 'state'],
  versions: ['version', 'account', 'function', 'message', 'artifact_hash', 'artifact_bytes', 'source_map_hash', 'config', 'routes'],
  records: ['collection', 'key', 'value'],
  revisions: ['change'],
} as const
export type CheckedTable = keyof typeof checkedColumns

/** Of values in the order of `checkedColumns`. Never another for the same values: it stands in databases. */
export function rowChecksum(values: readonly (SQLOutputValue | undefined)[]): number {
  return crc32(values.map((value) => (value === null || value === undefined ? '' : String(value))).join('\n'))
}

export function isWhole(table: CheckedTable, row: Row): boolean {
  return row['checksum'] === rowChecksum(checkedColumns[table].map((column) => row[column]))
}

/** `storage_corrupt` of one value: the others are read and written as before. */
export class DamagedValue extends SkerryError {
  constructor(table: CheckedTable) {
    // It names no row: that may be another account's.
    super('storage_corrupt', `A value in the database is damaged: a row of ${table} has another checksum. \`skerry verify\` names it.`)
  }
}

/** The row; throws `DamagedValue` where its checksum is another. */
export function wholeRow(table: CheckedTable, row: Row): Row {
  if (isWhole(table, row)) return row
  throw new DamagedValue(table)
}
