import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { keyFile, SecretBox } from '../auth/index.ts'
import { openSqliteStore, replaceDatabase, type Store } from '../store/index.ts'
import { sampleHash, writeSampleState } from '../testing/sample-state.ts'
import { findDifference } from './compare-images.ts'
import { fillStore, requireFinished } from './fill-store.ts'
import { archiveKeyLabel } from './archive-format.ts'
import { migrateStore } from './migrate.ts'
import { restoreArchive } from './restore.ts'
import { directoryLocation } from './store-location.ts'
import { writeArchive } from './write-archive.ts'

let root: string
let source: string
let target: string
let file: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skerry-restore-'))
  source = join(root, 'source')
  target = join(root, 'target')
  file = join(root, 'backup.tar')
  await mkdir(source)
  await mkdir(target)
  await writeSampleState(source)
  await withStore(source, async (store) => {
    await writeFile(file, await write(store))
  })
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function write(store: Store, keyPath = join(source, 'secret.key')): Promise<Buffer> {
  const key = (await SecretBox.open(keyFile(keyPath))).ring.deriveEach(archiveKeyLabel)[0]
  return buffer(writeArchive(await store.openImage(), 1_000, key))
}

const open = (directory: string): Store => openSqliteStore({ file: join(directory, 'control-plane.db') })

async function withStore<T>(directory: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = open(directory)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const restore = (options: { readonly force?: boolean; readonly key?: string } = {}): Promise<unknown> =>
  restoreArchive({ file, to: directoryLocation(target), keys: keyFile(options.key ?? join(source, 'secret.key')), force: options.force ?? false, nowMs: 2_000 })

const migrate = (force = false): ReturnType<typeof migrateStore> =>
  migrateStore({ from: directoryLocation(source), to: directoryLocation(target), keys: keyFile(join(source, 'secret.key')), force, nowMs: 2_000 })

function difference(missing: readonly string[] = []): Promise<string | undefined> {
  return withStore(source, (original) =>
    withStore(target, async (copy) => {
      await requireFinished(copy)
      expect(copy.epoch).not.toBe(original.epoch)
      const [one, other] = [await original.openImage(), await copy.openImage()]
      try {
        return await findDifference(one, other, new Set(missing))
      } finally {
        one.close()
        other.close()
      }
    }))
}

async function addRecord(directory: string): Promise<void> {
  await withStore(directory, (store) => store.commit({ writes: [{ kind: 'putRecord', collection: 'own', key: 'a', value: 1 }], timeMs: 1 }))
}

describe('restoring', () => {
  it('brings everything back under a new epoch, and the feed goes on', async () => {
    await restore()
    expect(await difference()).toBeUndefined()
    expect(await readdir(target)).toEqual(['control-plane.db'])
    await withStore(target, async (store) => {
      const revision = await store.commit({ writes: [], change: { kind: 'delete', account: 'default', function: 'f0' }, timeMs: 3 })
      expect(revision?.sequence).toBe(4)
    })
  })

  it('refuses another key, and writes nothing', async () => {
    const key = join(root, 'other.key')
    await writeFile(key, randomBytes(32))
    await expect(restore({ key })).rejects.toMatchObject({ code: 'key_mismatch', message: expect.stringContaining('other.key') as string })
    expect(await readdir(target)).toEqual([])
  })

  it('refuses a damaged archive, and writes nothing', async () => {
    await truncate(file, (await readFile(file)).length - 2_000)
    await expect(restore()).rejects.toMatchObject({ code: 'archive_invalid' })
    expect(await readdir(target)).toEqual([])
  })

  it('refuses an archive into which somebody without the master keys has put something, and writes nothing', async () => {
    await addRecord(source)
    await withStore(source, async (store) => writeFile(file, await write(store, join(root, 'stranger.key'))))
    await expect(restore()).rejects.toMatchObject({ code: 'archive_invalid', message: expect.stringContaining('with these master keys') as string })
    expect(await readdir(target)).toEqual([])
  })

  it('replaces no state unless it is told to, and keeps what it replaces', async () => {
    await addRecord(target)
    await expect(restore()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('--force') as string })
    await withStore(target, async (store) => expect(await store.readRecord('own', 'a')).toBe(1))
    await writeFile(join(target, 'control-plane.db.before-restore-wal'), 'of an older copy')
    await restore({ force: true })
    expect(await readdir(target)).toEqual(['control-plane.db', 'control-plane.db.before-restore'])
    expect(await difference()).toBeUndefined()
    await copyFile(join(target, 'control-plane.db.before-restore'), join(source, 'control-plane.db'))
    await withStore(source, async (store) => expect(await store.readRecord('own', 'a')).toBe(1))
  })

  it('refuses a state that a control plane is using', async () => {
    await withStore(target, async () => {
      await expect(restore({ force: true })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('in use') as string })
    })
  })

  it('replaces a database that is damaged, when it is told to', async () => {
    await writeFile(join(target, 'control-plane.db'), randomBytes(8_192))
    await expect(restore()).rejects.toMatchObject({ code: 'conflict' })
    await restore({ force: true })
    expect(await difference()).toBeUndefined()
  })

  it('leaves what was there where filling fails', async () => {
    await addRecord(target)
    const full = new SkerryError('storage_full')
    const replaced = replaceDatabase(join(target, 'control-plane.db'), {
      force: true,
      fill: async (store) => {
        await store.commit({ writes: [{ kind: 'putRecord', collection: 'own', key: 'a', value: 2 }], timeMs: 1 })
        throw full
      },
    })
    await expect(replaced).rejects.toBe(full)
    expect(await readdir(target)).toEqual(['control-plane.db'])
    await withStore(target, async (store) => expect(await store.readRecord('own', 'a')).toBe(1))
  })

  it('killed in the middle, leaves what no control plane starts with, and can be done again', async () => {
    await addRecord(target)
    const program = fileURLToPath(new URL('../testing/crash-restorer.ts', import.meta.url))
    const restorer = spawn(process.execPath, [program, join(target, 'control-plane.db')], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(restorer, 'exit')
    await once(restorer.stdout, 'data')
    restorer.kill('SIGKILL')
    await exited
    expect(() => open(target)).toThrow(expect.objectContaining({ code: 'restore_unfinished' }) as Error)
    await restore({ force: true })
    expect(await difference()).toBeUndefined()
  })

  it('marks a store that is filled in place as unfinished until it is whole', async () => {
    await withStore(target, async (store) => {
      await expect(
        fillStore(store, {
          nowMs: 5,
          check: () => Promise.reject(new Error('not the same')),
          fillings: (async function* () {
            yield { kind: 'record' as const, collection: 'own', key: 'a', value: 1 }
          })(),
        }),
      ).rejects.toThrow('not the same')
      await expect(requireFinished(store)).rejects.toMatchObject({ code: 'restore_unfinished' })
    })
  })
})

describe('migrating', () => {
  it('copies everything, and only reads the source', async () => {
    expect(await migrate()).toMatchObject({ sequence: 3, counts: { versions: 3, artifacts: 3 }, missing: [] })
    expect(await difference()).toBeUndefined()
    await expect(migrate()).rejects.toMatchObject({ code: 'conflict' })
    await migrate(true)
    expect(await difference()).toBeUndefined()
  })

  it('leaves out damaged artifacts, and names them', async () => {
    await withStore(source, (store) => store.putArtifact({ account: 'default', hash: sampleHash(1), bytes: Buffer.from('other'), uploadedMs: 1 }))
    expect((await migrate()).missing).toEqual([sampleHash(1)])
    expect(await difference([sampleHash(1)])).toBeUndefined()
  })
})
