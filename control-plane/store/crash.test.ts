import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSqliteStore } from './sqlite-store.ts'

test('a killed process leaves everything acknowledged and nothing half done', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-crash-'))
  const file = join(directory, 'store.db')
  try {
    const epochs = new Set<string>()
    for (let round = 1; round <= 3; round += 1) {
      const writer = spawn(process.execPath, [fileURLToPath(new URL('../testing/crash-writer.ts', import.meta.url)), file], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exited = once(writer, 'exit')
      let acknowledged = 0
      for await (const line of createInterface({ input: writer.stdout })) {
        acknowledged = Number(line)
        if (acknowledged >= round * 20) writer.kill('SIGKILL')
      }
      await exited
      const store = openSqliteStore({ file })
      const sequence = await store.readSequence()
      expect(sequence).toBeGreaterThanOrEqual(acknowledged)
      expect(await store.readSecrets('default', 'hello')).toEqual({ KEY: String(sequence) })
      epochs.add(store.epoch)
      await store.close()
    }
    expect(epochs.size).toBe(1)
  } finally {
    await rm(directory, { recursive: true })
  }
})
