import type { SqliteDatabase } from './sqlite-database.ts'
import type { ArtifactRange } from './store.ts'

/** Those that no version names and nobody uploaded since, among the next ones behind a hash; and where to go on, undefined at the end. */
export function findIdleArtifacts(
  database: SqliteDatabase,
  uploadedBeforeMs: number,
  { after = '', limit }: ArtifactRange,
): { readonly hashes: readonly string[]; readonly next: string | undefined } {
  const rows = database.all(
    `SELECT hash, EXISTS (SELECT 1 FROM versions WHERE artifact_hash = hash OR source_map_hash = hash)
       OR EXISTS (SELECT 1 FROM artifact_owners o WHERE o.hash = artifacts.hash AND uploaded_ms >= ?1) AS is_used
     FROM artifacts WHERE hash > ?2 ORDER BY hash LIMIT ?3`,
    uploadedBeforeMs, after, limit,
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { hashes: rows.filter((row) => row['is_used'] === 0).map((row) => String(row['hash'])), next: last === undefined ? undefined : String(last['hash']) }
}
