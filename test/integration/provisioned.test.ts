import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRuntime, type Runtime, type RunnableVersion } from '../../runtime/supervisor/index.ts'
import { hasProcessFolder, killCells } from '../helpers/processes.ts'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { until } from '../helpers/until.ts'

let runtime: Runtime
const idleIsolateMs = 100

beforeAll(async () => {
  runtime = await createRuntime({
    spareCells: 2, cellsPerAccount: 2, idleIsolateMs, cellMemoryMb: 400, maxIsolatesPerCell: 4,
    dispatchSubrequest: () => ({ onChunk() {}, onEnd() {}, abort() {}, resume() {} }),
    onLog() {},
  })
  await runtime.ready()
}, 60_000)
afterAll(() => runtime.close())

const kindOf = async (version: RunnableVersion): Promise<string | undefined> => {
  const { head, error } = await call(runtime, version)
  expect(error).toBeUndefined()
  return head?.startKind
}
const hello = (name: string, more: Partial<RunnableVersion> = {}): RunnableVersion => versionOf(name, `let n = 0; export default { fetch() { return new Response(String(++n)) } }`, more)
const isReady = (isolates: number) => (): boolean => runtime.status().provisioned.every(({ ready }) => ready === isolates)

test('the first request is warm, and so are all that come with it', { timeout: 30_000 }, async () => {
  const version = hello('warm')
  runtime.provision([{ version, isolates: 1 }])
  await runtime.provisioned()
  expect(runtime.status().provisioned).toEqual([{ account: 'test', functionName: 'warm', version: version.version, wanted: 1, ready: 1 }])
  expect(await Promise.all(Array.from({ length: 20 }, () => kindOf(version)))).toEqual(Array.from({ length: 20 }, () => 'warm'))
})

test('it stays however idle it is, and goes when it is wanted no more', { timeout: 30_000 }, async () => {
  const [kept, idle] = [hello('kept'), hello('idle')]
  runtime.provision([{ version: kept, isolates: 1 }])
  await runtime.provisioned()
  await kindOf(idle)
  await until('what nobody provisioned is unloaded', () => runtime.status().isolates === 1)
  expect([await kindOf(kept), await kindOf(idle)]).toEqual(['warm', 'cold'])
  runtime.provision([])
  await until('nothing is left', () => runtime.status().isolates === 0)
  expect(await kindOf(kept)).toBe('cold')
})

test('what has to make room is what is not provisioned', { timeout: 30_000 }, async () => {
  const kept = hello('first')
  runtime.provision([{ version: kept, isolates: 2 }])
  await runtime.provisioned()
  for (let index = 0; index < 12; index += 1) expect(await kindOf(hello(`other-${index}`))).toBe('cold')
  expect(runtime.status().isolates).toBeLessThanOrEqual(8)
  expect([runtime.status().provisioned[0]?.ready, (await call(runtime, kept)).head?.startKind]).toEqual([2, 'warm'])
})

test('with two, one stands by in another process, and takes over at once where the first is lost', { timeout: 30_000 }, async () => {
  const doomed = versionOf('doomed', `let held; export default { fetch(request) {
    if (request.url.endsWith('/end')) { held = []; for (;;) held.push(new Array(1e5).fill(held.length)) }
    return new Response('here') } }`, { limits: { memoryMb: 64, cpuMs: 20_000, wallMs: 20_000, idleMs: 5_000, subrequests: 50, requestBodyMb: 1 } })
  runtime.provision([{ version: doomed, isolates: 5 }])
  await until('both are ready', isReady(2))
  expect(runtime.status().provisioned).toMatchObject([{ wanted: 2, ready: 2 }])
  expect((await call(runtime, doomed, { url: 'http://function.test/end' })).error?.code).toBe('memory_limit_exceeded')
  expect(await kindOf(doomed)).toBe('warm')
  await until('there are two again', isReady(2))
})

test.runIf(hasProcessFolder)('after every process was killed it is warm again', { timeout: 30_000 }, async () => {
  const version = hello('killed')
  runtime.provision([{ version, isolates: 1 }])
  await runtime.provisioned()
  expect((await call(runtime, version)).body.toString()).toBe('1')
  await killCells(process.pid)
  await until('the loss was noticed', () => !isReady(1)())
  await until('another one is ready', isReady(1))
  const { head, body } = await call(runtime, version)
  expect([head?.startKind, body.toString()]).toEqual(['warm', '1'])
})

test('where each request wants an isolate of its own, so many at once find theirs loaded, and no two the same', { timeout: 30_000 }, async () => {
  const version = hello('own', { isolation: 'request' })
  runtime.provision([{ version, isolates: 4 }])
  await runtime.provisioned()
  const answers = await Promise.all([1, 2, 3, 4].map(() => call(runtime, version)))
  expect(answers.map(({ head, body }) => `${head?.startKind} ${body.toString()}`)).toEqual(['warm 1', 'warm 1', 'warm 1', 'warm 1'])
  await until('there are four again', isReady(4))
  expect(await kindOf(version)).toBe('warm')
})

test('what does not load is tried ever more rarely, and what is retired is not replaced', { timeout: 30_000 }, async () => {
  let reads = 0
  const broken = versionOf('broken', '', { readScript: () => (reads += 1, Buffer.from('throw new Error("no")')) })
  const fine = hello('fine')
  runtime.provision([{ version: broken, isolates: 1 }, { version: fine, isolates: 1 }])
  await runtime.provisioned()
  expect(await kindOf(fine)).toBe('warm')
  await until('it was tried three times', () => reads >= 3)
  expect(runtime.status().provisioned).toMatchObject([{ functionName: 'broken', ready: 0 }, { functionName: 'fine', ready: 1 }])
  runtime.provision([])
  runtime.retire(fine.key)
  await until('nothing is left', () => runtime.status().isolates === 0)
  expect(runtime.status().provisioned).toEqual([])
})
