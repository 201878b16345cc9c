import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyFile, SecretBox } from '../auth/index.ts'
import { openSqliteStore } from '../store/index.ts'
import { sampleHash, sampleScript, sampleSecret, writeSampleState } from '../testing/sample-state.ts'
import { archiveKeyLabel } from './archive-format.ts'
import { type ArchiveEntry, readArchive } from './read-archive.ts'
import { verifyArchive } from './restore.ts'
import { writeArchive } from './write-archive.ts'

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-archive-'))
  file = join(directory, 'backup.tar')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const keys = (): ReturnType<typeof keyFile> => keyFile(join(directory, 'secret.key'))

async function archive(): Promise<Buffer> {
  const store = openSqliteStore({ file: join(directory, 'control-plane.db') })
  try {
    const key = (await SecretBox.open(keys())).ring.deriveEach(archiveKeyLabel)[0]
    return await buffer(writeArchive(await store.openImage(), 1_000, key))
  } finally {
    await store.close()
  }
}

const stream = (bytes: Uint8Array): ReadableStream<Uint8Array> => new Blob([Uint8Array.from(bytes)]).stream()

async function entriesOf(bytes: Uint8Array): Promise<ArchiveEntry[]> {
  return Array.fromAsync(readArchive(stream(bytes)))
}

describe('archives', () => {
  it('hold everything of a store, and nothing of a secret', async () => {
    await writeSampleState(directory, 210)
    const bytes = await archive()
    expect(bytes.includes(sampleSecret)).toBe(false)
    const entries = await entriesOf(bytes)
    const store = openSqliteStore({ file: join(directory, 'control-plane.db') })
    const image = await store.openImage()
    try {
      expect(entries[0]).toMatchObject({ kind: 'manifest', manifest: { createdMs: 1_000, epoch: store.epoch, sequence: 210, counts: image.counts } })
      expect(entries.filter(({ kind }) => !['manifest', 'artifact', 'summary'].includes(kind))).toEqual([...image.items()])
      const artifacts = entries.flatMap((entry) => (entry.kind === 'artifact' ? [entry] : []))
      expect(artifacts.map(({ hash, owners }) => ({ hash, owners }))).toEqual([...image.artifacts()])
      expect(artifacts.find(({ hash }) => hash === sampleHash(7))?.bytes).toEqual(sampleScript(7))
      expect(entries.at(-1)).toMatchObject({ kind: 'summary', summary: { missing: [] } })
    } finally {
      image.close()
      await store.close()
    }
  })

  it('are found out where they are cut off or changed, wherever that is', async () => {
    await writeSampleState(directory)
    const whole = await archive()
    const isRefused = async (bytes: Uint8Array): Promise<void> => {
      await writeFile(file, bytes)
      await expect(verifyArchive(file, keys())).rejects.toMatchObject({ code: expect.stringMatching(/^(?:archive_invalid|key_mismatch)$/) as string })
    }
    for (let length = 0; length < whole.length; length += 509) await isRefused(whole.subarray(0, length))
    await isRefused(whole.subarray(0, -512))
    // Between the entries stands padding that nobody reads.
    for (let position = 0; position < whole.length; position += 97) {
      if (whole[position] === 0) continue
      const changed = Buffer.from(whole)
      changed.writeUInt8(changed.readUInt8(position) ^ 1, position)
      await isRefused(changed)
    }
    await isRefused(Buffer.concat([whole, Buffer.from('more')]))
    await writeFile(file, whole)
    expect((await verifyArchive(file, keys())).manifest.counts.versions).toBe(3)
  }, 60_000)

  it('leave out an artifact that is damaged, and name it', async () => {
    await writeSampleState(directory)
    const database = new DatabaseSync(join(directory, 'control-plane.db'))
    database.prepare('UPDATE artifacts SET bytes = ? WHERE hash = ?').run(Buffer.from('other'), sampleHash(1))
    database.close()
    const entries = await entriesOf(await archive())
    expect(entries.at(-1)).toMatchObject({ kind: 'summary', summary: { missing: [sampleHash(1)] } })
    expect(entries.filter(({ kind }) => kind === 'artifact')).toHaveLength(2)
  })

  it('tell of a file that can not be read as the system does', async () => {
    await expect(verifyArchive(join(directory, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(readFile(join(directory, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
