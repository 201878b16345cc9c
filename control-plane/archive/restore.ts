import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { KeyCheck, type KeySource } from '../auth/index.ts'
import type { Store } from '../store/index.ts'
import { archiveKeyLabel, type ArchiveManifest, type ArchiveSummary, invalidArchive, requireArchiveCode } from './archive-format.ts'
import { type Filling, fillStore } from './fill-store.ts'
import { readArchive } from './read-archive.ts'
import type { StoreLocation } from './store-location.ts'

export interface VerifiedArchive {
  readonly manifest: ArchiveManifest
  readonly summary: ArchiveSummary
}

export interface RestoreOptions {
  /** The archive, which is read twice. */
  readonly file: string
  readonly to: StoreLocation
  /** The master keys that the state was sealed with. */
  readonly keys: KeySource
  readonly force: boolean
  readonly nowMs: number
}

/** Reads an archive to its end, without keeping anything. Throws `archive_invalid`, also where it was not written with the keys that are given; `key_mismatch` where these do not open it. */
export async function verifyArchive(file: string, keys?: KeySource): Promise<VerifiedArchive> {
  let manifest: ArchiveManifest | undefined
  let summary: ArchiveSummary | undefined
  const check = keys === undefined ? undefined : await KeyCheck.open(keys)
  for await (const entry of openArchive(file)) {
    if (entry.kind === 'manifest') manifest = entry.manifest
    if (entry.kind === 'summary') {
      summary = entry.summary
      if (check !== undefined) requireArchiveCode(check.deriveEach(archiveKeyLabel), summary)
    }
    if (entry.kind === 'record') await check?.require(entry)
  }
  if (manifest === undefined || summary === undefined) throw invalidArchive('It is cut off')
  return { manifest, summary }
}

/**
 * Puts the state of an archive in the place of a store. Everything is checked before anything is written; a crash leaves what was there,
 * or something that no control plane starts with (`restore_unfinished`). The feed has a new epoch, so that nodes that are ahead of the
 * backup start over. Throws `archive_invalid`, `key_mismatch`, `storage_full`, and `conflict` where the store is in use or not empty.
 */
export async function restoreArchive({ file, to, keys, force, nowMs }: RestoreOptions): Promise<VerifiedArchive> {
  const verified = await verifyArchive(file, keys)
  const check = (store: Store): Promise<void> => requireCounts(store, verified)
  const codeKeys = (await KeyCheck.open(keys)).deriveEach(archiveKeyLabel)
  await to.replace({ force, fill: (store) => fillStore(store, { fillings: archiveFillings(file, codeKeys), check, nowMs }) })
  return verified
}

async function* archiveFillings(file: string, codeKeys: readonly Uint8Array[]): AsyncGenerator<Filling> {
  for await (const entry of openArchive(file)) {
    // Another file may have come in its place since.
    if (entry.kind === 'summary') requireArchiveCode(codeKeys, entry.summary)
    else if (entry.kind !== 'manifest') yield entry
  }
}

function openArchive(file: string): ReturnType<typeof readArchive> {
  return readArchive(Readable.toWeb(createReadStream(file, { highWaterMark: 256 * 1024 })))
}

/** The store holds as much of everything as the archive says. */
async function requireCounts(store: Store, { manifest, summary }: VerifiedArchive): Promise<void> {
  const image = await store.openImage()
  try {
    // One record more: the mark of a store that is not finished.
    const expected = { ...manifest.counts, artifacts: manifest.counts.artifacts - summary.missing.length, records: manifest.counts.records + 1 }
    for (const [what, many] of Object.entries(expected)) {
      const found = image.counts[what as keyof typeof expected]
      if (found !== many) throw new Error(`the restored store holds ${found} ${what} instead of ${many}`)
    }
    if (image.sequence !== manifest.sequence) throw new Error(`the restored store stands at revision ${image.sequence} instead of ${manifest.sequence}`)
  } finally {
    image.close()
  }
}
