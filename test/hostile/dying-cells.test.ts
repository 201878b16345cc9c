import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasProcessFolder, killCells } from '../helpers/processes.ts'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { type HostileRuntime, startHostileRuntime } from './hostile-runtime.ts'

/** Cells that are gone before they could do anything for whoever waits for them. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime({ cellsPerAccount: 1 })
})
afterAll(() => hostile.runtime.close())

test.runIf(hasProcessFolder)('a request whose cell is gone while its script is being read goes on in another', async () => {
  let reads = 0
  const script = Buffer.from(`export default { fetch() { return new Response('read') } }`)
  const slow = versionOf('slow to read', '', { readScript: () => (++reads === 1 ? new Promise<Uint8Array>(() => undefined) : script) })
  const answer = call(hostile.runtime, slow, { method: 'POST' })
  await killCells(process.pid)
  expect((await answer).body.toString()).toBe('read')
  expect(reads).toBeGreaterThan(1)
})
