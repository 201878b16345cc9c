import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDirectory } from './directory-lock.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-lock-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test('refuses a folder that a running process has, and takes over what a dead one left', async () => {
  await writeFile(join(directory, 'launcher.pid'), String(process.ppid))
  await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(String(process.ppid)) })
  // Above the largest id that Linux gives.
  await writeFile(join(directory, 'launcher.pid'), '4194305')
  const unlock = await lockDirectory(directory)
  await unlock()
  await (await lockDirectory(directory))()
})
