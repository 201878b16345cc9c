import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Code that wants the cell's memory or its threads by way of crypto. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime()
})
afterAll(() => hostile.runtime.close())

test('many operations at a time are queued; more than may be held are refused', async () => {
  const version = versionOf('floods crypto', `
    const data = new Uint8Array(70_000)
    const tally = async (count, bytes) => {
      const outcomes = {}
      for (const { status, reason } of await Promise.allSettled(Array.from({ length: count }, () => crypto.subtle.digest('SHA-1', bytes)))) {
        const outcome = reason?.name ?? status
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      }
      return outcomes
    }
    export default { async fetch() { return Response.json([await tally(500, data), await tally(3_000, data)]) } }`, withLimits({ cpuMs: 10_000, wallMs: 25_000 }))
  const [few, many] = JSON.parse((await call(hostile.runtime, version)).body.toString()) as Record<string, number>[]
  expect(few).toEqual({ fulfilled: 500 })
  // 64 MB are held at most.
  expect(many?.['fulfilled']).toBeGreaterThan(900)
  expect(many?.['OperationError']).toBeGreaterThan(1_000)
  expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
}, 30_000)

test('large operations beyond what is held are refused before they are copied', async () => {
  const crashes = hostile.runtime.status().cellCrashes
  const version = versionOf('floods crypto with much', `
    const data = new Uint8Array(16e6)
    export default { async fetch() {
      const outcomes = {}
      for (const { status, reason } of await Promise.allSettled(Array.from({ length: 100 }, () => crypto.subtle.digest('SHA-1', data)))) {
        const outcome = reason?.name ?? status
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      }
      return Response.json(outcomes) } }`, withLimits({ cpuMs: 10_000, wallMs: 25_000 }))
  expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toEqual({ fulfilled: 4, OperationError: 96 })
  expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
  expect(hostile.runtime.status().cellCrashes).toBe(crashes)
}, 30_000)

test('what was queued ends with the CPU time of its request', async () => {
  const crashes = hostile.runtime.status().cellCrashes
  const version = versionOf('queues work', `
    export default { async fetch() {
      const generate = () => crypto.subtle.generateKey({ name: 'RSA-PSS', modulusLength: 4096, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' }, false, ['sign'])
      await Promise.all(Array.from({ length: 1_000 }, generate))
      return new Response('generated') } }`, withLimits({ wallMs: 25_000 }))
  expect((await call(hostile.runtime, version)).error?.code).toBe('cpu_limit_exceeded')
  expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
  expect(hostile.runtime.status().cellCrashes).toBe(crashes)
}, 30_000)

test('short work that is done at once is cut like any other', async () => {
  const version = versionOf('hashes for ever', `
    const data = new Uint8Array(65_536)
    export default { fetch() { for (;;) crypto.subtle.digest('SHA-512', data) } }`)
  expect((await call(hostile.runtime, version)).error?.code).toBe('cpu_limit_exceeded')
  expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
})
