import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasProcessFolder } from '../helpers/processes.ts'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Functions that each keep within their limit, and together fill their cell: nobody is to blame, and nobody may notice. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime({ cellsPerAccount: 1, cellMemoryMb: 256 })
})
afterAll(() => hostile.runtime.close())

/** Keeps 40 MB more at each request, up to 160, outside of the heap that the engine limits by itself. */
const hoarder = `const kept = []
export default {
  async fetch(request) {
    if (kept.length < 4) kept.push(new Uint8Array(40e6).fill(kept.length + 1))
    await new Promise((done) => setTimeout(done, 300))
    return new Response(new URL(request.url).pathname)
  },
}`

test.runIf(hasProcessFolder)('a cell that fills up is relieved and replaced without an error', async () => {
  const { runtime, logs } = hostile
  const quiet = versionOf('quiet', `export default { fetch(request) { return new Response(new URL(request.url).pathname) } }`, { account: 'elsewhere' })
  let coldStarts = 0
  const ask = async (client: number): Promise<void> => {
    for (let time = 0; time < 8; time++) {
      const path = `/${client}/${time}`
      const { body, error, head } = await call(runtime, versionOf(`hoarder ${client}`, hoarder, withLimits({ memoryMb: 256, cpuMs: 1_000, wallMs: 20_000 })), { url: `http://a.test${path}` })
      expect(error?.message ?? body.toString()).toBe(path)
      if (head?.startKind === 'cold') coldStarts++
      const other = await call(runtime, quiet, { url: `http://a.test${path}` })
      expect(other.error?.message ?? other.body.toString()).toBe(path)
    }
  }
  await Promise.all(Array.from({ length: 6 }, (_, client) => ask(client)))
  expect(runtime.status().quarantined).toEqual([])
  expect(logs.filter(({ kind }) => kind === 'failure')).toEqual([])
  // Isolates were given up with what they kept, and made anew.
  expect(coldStarts).toBeGreaterThan(6)
})
