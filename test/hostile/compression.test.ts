import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Code that wants the cell's memory or its threads by way of compression. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime()
})
afterAll(() => hostile.runtime.close())

/** `bomb(n)`: n MB of zeros, as a thousandth of it. */
const bombSource = `
const zeros = new Uint8Array(1 << 20)
const bomb = async (megabytes) => {
  let made = 0
  const source = new ReadableStream({ pull(controller) { if (made++ < megabytes) controller.enqueue(zeros); else controller.close() } })
  return new Uint8Array(await new Response(source.pipeThrough(new CompressionStream('gzip'))).arrayBuffer())
}`

async function expectUnharmed(crashes: number): Promise<void> {
  expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
  expect(hostile.runtime.status().cellCrashes).toBe(crashes)
}

test('a bomb that is read bit by bit stays small', async () => {
  const crashes = hostile.runtime.status().cellCrashes
  const version = versionOf('reads a bomb', `${bombSource}
    export default { async fetch() {
      const reader = new Blob([await bomb(300)]).stream().pipeThrough(new DecompressionStream('gzip')).getReader()
      let total = 0
      for (;;) { const { value, done } = await reader.read(); if (done) break; total += value.length }
      return new Response(String(total)) } }`, withLimits({ memoryMb: 32, cpuMs: 20_000, wallMs: 60_000 }))
  expect((await call(hostile.runtime, version)).body.toString()).toBe(String(300 << 20))
  await expectUnharmed(crashes)
}, 60_000)

test('a bomb that is kept whole ends the isolate by its memory limit', async () => {
  const crashes = hostile.runtime.status().cellCrashes
  const version = versionOf('keeps a bomb', `${bombSource}
    export default { async fetch() {
      const kept = []
      for await (const chunk of new Blob([await bomb(300)]).stream().pipeThrough(new DecompressionStream('gzip'))) kept.push(chunk)
      return new Response(String(kept.length)) } }`, withLimits({ memoryMb: 32, cpuMs: 20_000, wallMs: 60_000 }))
  expect((await call(hostile.runtime, version)).error?.code).toBe('memory_limit_exceeded')
  await expectUnharmed(crashes)
}, 60_000)

test('what compression uses on other threads counts', async () => {
  const version = versionOf('compresses for ever', `
    export default { async fetch() {
      const noise = new Uint8Array(1 << 20).map((_, index) => (index * 2654435761) >>> 13)
      const writer = new CompressionStream('gzip')
      writer.readable.pipeTo(new WritableStream())
      const sink = writer.writable.getWriter()
      for (;;) await sink.write(noise) } }`, withLimits({ wallMs: 25_000 }))
  expect((await call(hostile.runtime, version)).error?.code).toBe('cpu_limit_exceeded')
  await expectUnharmed(hostile.runtime.status().cellCrashes)
}, 30_000)

test('codecs that a request abandons go with it; more than there may be are refused', async () => {
  const crashes = hostile.runtime.status().cellCrashes
  const version = versionOf('abandons codecs', `
    const half = Uint8Array.of(31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75)
    export default { async fetch() {
      const open = () => {
        const stream = new DecompressionStream('gzip')
        stream.readable.getReader().read().catch(() => {})
        return stream.writable.getWriter().write(half).then(() => 'open', (error) => error.constructor.name)
      }
      const outcomes = {}
      for (const outcome of await Promise.all(Array.from({ length: 300 }, open))) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      return Response.json(outcomes) } }`, withLimits({ cpuMs: 5_000 }))
  for (let round = 0; round < 5; round++) {
    expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toEqual({ open: 256, TypeError: 44 })
  }
  await expectUnharmed(crashes)
})

test('nothing of the host shows in its errors', async () => {
  const version = versionOf('reads errors', `
    export default { async fetch() {
      const texts = []
      for (const data of [[1, 2, 3], [31, 139, 8], []]) {
        await new Response(new Blob([Uint8Array.from(data)]).stream().pipeThrough(new DecompressionStream('gzip'))).text().catch((error) => texts.push(error.name, error.message, error.stack))
      }
      return new Response(texts.join('\\n')) } }`)
  const text = (await call(hostile.runtime, version)).body.toString()
  expect(text).toContain('TypeError')
  expect(text).not.toMatch(/zlib|Z_|node:|\\.ts|file:|operations/)
})
