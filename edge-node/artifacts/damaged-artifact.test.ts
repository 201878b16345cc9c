import { mkdtemp, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { hashOf } from '../../test/helpers/function-states.ts'
import { ArtifactFiles } from './artifact-files.ts'
import { ArtifactStore } from './artifact-store.ts'

const script = '// hello 1'
const hash = hashOf(script)

let directory: string
let errors: SkerryError[]
let fetched: number

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-artifacts-'))
  errors = []
  fetched = 0
})
afterEach(() => rm(directory, { recursive: true }))

/** A node's artifacts after a restart: nothing is in memory. */
async function open(isPublished = true): Promise<ArtifactStore> {
  const onError = (error: SkerryError): void => void errors.push(error)
  const files = await ArtifactFiles.open({ directory, bytesMax: 1_000_000, isPinned: () => true, onError })
  return new ArtifactStore({
    files, onError,
    fetch: async () => {
      fetched += 1
      if (!isPublished) throw new SkerryError('server_unreachable', 'The control plane can not be reached.')
      return (async function* () {
        yield new TextEncoder().encode(script)
      })()
    },
  })
}

async function keep(): Promise<void> {
  const store = await open()
  await store.read(hash)
  await store.settled()
  expect(await readFile(join(directory, hash), 'utf8')).toBe(script)
  fetched = 0
}

it.each<[string, (path: string) => Promise<void>, string]>([
  ['a byte is another', (path) => writeFile(path, script.replace('1', '2')), 'hash_mismatch'],
  ['the end is missing', (path) => truncate(path, 4), 'hash_mismatch'],
  ['it is empty', (path) => truncate(path, 0), 'hash_mismatch'],
  ['it is gone', (path) => unlink(path), 'internal_error'],
])('reports a file and fetches it again where %s', async (_what, damage, code) => {
  await keep()
  const store = await open()
  await damage(join(directory, hash))
  expect(new TextDecoder().decode(await store.read(hash))).toBe(script)
  await store.settled()
  expect(errors.map((error) => error.code)).toEqual([code])
  expect(errors[0]?.message).toContain(join(directory, hash))
  expect(fetched).toBe(1)
  expect(await readFile(join(directory, hash), 'utf8')).toBe(script)
})

it('hands out nothing damaged where there is nobody to fetch it from, and tries again', async () => {
  await keep()
  const store = await open(false)
  await writeFile(join(directory, hash), 'return 1')
  await expect(store.read(hash)).rejects.toMatchObject({ code: 'server_unreachable' })
  await expect(store.read(hash)).rejects.toMatchObject({ code: 'server_unreachable' })
  expect(fetched).toBe(2)
  expect(errors.map(({ code }) => code)).toEqual(['hash_mismatch'])
})

it('reads what is whole without a word', async () => {
  await keep()
  await (await open()).read(hash)
  expect(errors).toEqual([])
  expect(fetched).toBe(0)
})
