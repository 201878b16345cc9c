import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRuntime, type Runtime } from '../../runtime/supervisor/index.ts'
import { call, versionOf } from '../helpers/runtime-caller.ts'

let runtime: Runtime

beforeAll(async () => {
  runtime = await createRuntime({
    maxIsolatesPerCell: 3,
    cellsPerAccount: 1,
    spareCells: 1,
    dispatchSubrequest: () => ({ onChunk() {}, onEnd() {}, abort() {}, resume() {} }),
    onLog() {},
  })
  await runtime.ready()
})

afterAll(() => runtime.close())

test('the isolate that was used longest ago goes first, one that has a request stays, and a first request after that is cold again', async () => {
  const counting = (name: string) => versionOf(name, `let n = 0; export default { fetch() { return new Response(String(++n)) } }`)
  const [oldest, middle, newest] = ['oldest', 'middle', 'newest'].map(counting)
  if (oldest === undefined || middle === undefined || newest === undefined) throw new Error('three versions')
  const busy = versionOf('busy', `export default { fetch() { return new Promise(done => setTimeout(() => done(new Response('kept')), 300)) } }`)
  const kept = call(runtime, busy)
  await call(runtime, oldest)
  await call(runtime, middle)
  await call(runtime, newest)
  expect(runtime.status().isolates).toBe(3)
  expect((await call(runtime, middle)).head?.startKind).toBe('warm')
  expect((await call(runtime, newest)).body.toString()).toBe('2')
  const again = await call(runtime, oldest)
  expect(again.head?.startKind).toBe('cold')
  expect(again.body.toString()).toBe('1')
  expect(runtime.status().isolates).toBe(3)
  expect((await kept).body.toString()).toBe('kept')
})

test('an isolate that nobody called for a while is unloaded, and a first request after that is cold again', async () => {
  const forgetful = await createRuntime({
    idleIsolateMs: 50,
    cellsPerAccount: 1,
    spareCells: 1,
    dispatchSubrequest: () => ({ onChunk() {}, onEnd() {}, abort() {}, resume() {} }),
    onLog() {},
  })
  try {
    await forgetful.ready()
    const version = versionOf('idle', `export default { fetch() { return new Response('here') } }`)
    expect((await call(forgetful, version)).head?.startKind).toBe('cold')
    await expect.poll(() => forgetful.status().isolates, { timeout: 30_000 }).toBe(0)
    const again = await call(forgetful, version)
    expect(again.head?.startKind).toBe('cold')
    expect(again.body.toString()).toBe('here')
  } finally {
    await forgetful.close()
  }
})
