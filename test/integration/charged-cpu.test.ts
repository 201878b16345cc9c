import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createRuntime, type Runtime } from '../../runtime/supervisor/index.ts'
import { call, streamCall, versionOf } from '../helpers/runtime-caller.ts'
import { until } from '../helpers/until.ts'

let runtime: Runtime
const charged = new Map<string, number>()
const cpuOf = (name: string): number => charged.get(name) ?? 0

beforeAll(async () => {
  runtime = await createRuntime({
    spareCells: 1,
    dispatchSubrequest: () => ({ onChunk() {}, onEnd() {}, abort() {}, resume() {} }),
    onLog() {},
    onCpu: ({ functionName }, cpuMs) => void charged.set(functionName, cpuOf(functionName) + cpuMs),
  })
  await runtime.ready()
})
beforeEach(() => charged.clear())
afterAll(() => runtime.close())

const work = `const work = () => { let sum = 0; for (let i = 0; i < 4e6; i++) sum += Math.sqrt(i); return sum }`
const limits = { memoryMb: 128, cpuMs: 5_000, wallMs: 20_000, idleMs: 20_000, subrequests: 50, requestBodyMb: 1 }

test('what a request uses until its head is told, with the start of its isolate', async () => {
  const version = versionOf('plain', `${work}; export default { fetch() { return new Response(String(work())) } }`, { limits })
  const first = await call(runtime, version)
  const second = await call(runtime, version)
  const least = (first.head?.cpuMs ?? 0) + (second.head?.cpuMs ?? 0)
  expect(least).toBeGreaterThan(1)
  await until('both requests are charged', () => cpuOf('plain') >= least)
})

test('what goes on after the answer is told too, and what a stream uses while it is open', async () => {
  const after = versionOf('after', `${work}; export default { fetch(request, env, ctx) {
    ctx.waitUntil(new Promise(done => setTimeout(() => done(work() + work() + work()), 20))); return new Response('at once') } }`, { limits })
  const { head } = await call(runtime, after)
  const perWork = 0.5
  await until('the work after the answer is charged', () => cpuOf('after') > (head?.cpuMs ?? 0) + 3 * perWork)

  const open = versionOf('open', `${work}; export default { fetch() { return new Response(new ReadableStream({
    async pull(controller) { await new Promise(done => setTimeout(done, 10)); controller.enqueue(new TextEncoder().encode(String(work()))) } })) } }`, { limits })
  let chunks = 0
  const stream = streamCall(runtime, open, {}, () => (chunks += 1) > 0)
  const before = await stream.head.then(({ cpuMs }) => cpuMs)
  await until('the stream is charged while it goes on', () => chunks > 5 && cpuOf('open') > before + 5 * perWork)
  stream.control.abort()
})

test('an isolate that is unloaded after one request is told of, and one that broke its limit', async () => {
  const fresh = versionOf('fresh', `${work}; export default { fetch() { return new Response(String(work())) } }`, { limits, isolation: 'request' })
  const answers = await Promise.all([1, 2, 3].map(() => call(runtime, fresh)))
  const least = answers.reduce((sum, { head }) => sum + (head?.cpuMs ?? 0), 0)
  await until('each of the three is charged', () => cpuOf('fresh') >= least)

  const endless = versionOf('endless', `export default { fetch() { for (;;); } }`, { limits: { ...limits, cpuMs: 100 } })
  expect((await call(runtime, endless)).error?.code).toBe('cpu_limit_exceeded')
  await until('the turn that was cut is charged', () => cpuOf('endless') >= 90)
})
