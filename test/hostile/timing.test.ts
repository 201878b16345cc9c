import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Functions that want to time their own work, as an attack on what other tenants left in the caches of the processor has to. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime()
})
afterAll(() => hostile.runtime.close())

const room = withLimits({ cpuMs: 20_000, wallMs: 25_000 })
/** Some hundred milliseconds of work that no clock tells of. */
const work = `const work = () => { let sum = 0; for (let step = 0; step < 3e8; step++) sum += step & 7; return sum };`

/** Whatever shows the time. */
const clocks: Readonly<Record<string, string>> = {
  'Date.now': `Date.now()`,
  'new Date': `+new Date()`,
  'Date as a function': `Date()`,
  'Reflect.construct': `+Reflect.construct(Date, [])`,
  'a class that extends Date': `+new (class extends Date {})`,
  'the constructor of a date': `new Date(0).constructor.now()`,
  'a class behind it': `Object.getPrototypeOf(class extends Date {}).now()`,
  'code made of text': `new Function('return Date.now()')()`,
  Intl: `new Intl.DateTimeFormat('en', { second: 'numeric', fractionalSecondDigits: 3 }).format()`,
  'Intl, in parts': `JSON.stringify(new Intl.DateTimeFormat('en', { second: 'numeric', fractionalSecondDigits: 3 }).formatToParts())`,
  Temporal: `['instant', 'plainTimeISO', 'plainDateTimeISO', 'zonedDateTimeISO', 'plainDateISO'].map((name) => String(Temporal.Now[name]())).join()`,
  'performance.now': `performance.now()`,
  'a mark': `performance.mark('m').startTime`,
  'a measure': `performance.measure('m').duration`,
  'an event': `new Event('e').timeStamp`,
  'a file': `new File([], 'f').lastModified`,
  'the signal of a time-out': `AbortSignal.timeout(1).aborted`,
  'collected garbage': `(globalThis.references ??= Array.from({ length: 1e3 }, () => new WeakRef({}))).filter((reference) => reference.deref() === undefined).length`,
}
const look = `const look = () => JSON.stringify([${Object.values(clocks).join(', ')}]);`

test('no clock moves while code works', async () => {
  const version = versionOf('works', `${work} ${look} export default { fetch() { const before = look(); work(); return new Response(before + '\\n' + look()) } }`, room)
  const [before, after] = (await call(hostile.runtime, version)).body.toString().split('\n')
  expect(JSON.parse(before ?? '')).toHaveLength(Object.keys(clocks).length)
  expect(after).toBe(before)
})

test('nor in promise jobs of the same turn', async () => {
  const version = versionOf('works in jobs', `${work} ${look} export default { async fetch() { const before = look(); await null; work(); await new Promise((done) => queueMicrotask(done)); return new Response(String(before === look())) } }`, room)
  expect((await call(hostile.runtime, version)).body.toString()).toBe('true')
})

test('nor while the function starts', async () => {
  const version = versionOf('works at start', `${work} const before = Date.now() + performance.now(); work(); const after = Date.now() + performance.now()
    export default { fetch() { return Response.json([after - before, Date.now() > after - performance.now()]) } }`, room)
  expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toEqual([0, true])
})

test('a first look tells nothing of the work before it', async () => {
  const version = versionOf('looks late', `${work} export default { async fetch() {
    work(); const first = [Date.now(), performance.now()]
    await new Promise((done) => setTimeout(done, 0)); return Response.json([Date.now() - first[0], performance.now() - first[1]]) } }`, room)
  // The work lies between the turn's beginning, which the first look shows, and the timer.
  for (const moved of JSON.parse((await call(hostile.runtime, version)).body.toString()) as number[]) expect(moved).toBeGreaterThan(30)
})

test('a process that works beside it moves nothing either', async () => {
  // What the thread pool does meanwhile is told by events alone: a count of what is done stands still within a turn.
  const version = versionOf('counts threads', `${work} export default { async fetch() {
    let done = 0; const all = Array.from({ length: 20 }, () => crypto.subtle.digest('SHA-256', new Uint8Array(1e6)).then(() => { done += 1 }))
    const shared = new Uint8Array(new SharedArrayBuffer(64)); work(); const within = [done, shared.every((byte) => byte === 0)]
    await Promise.all(all); return Response.json([...within, done]) } }`, room)
  expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toEqual([0, true, 20])
})

test('there is no second thread to count by, and nothing to wait on', async () => {
  const version = versionOf('wants threads', `export default { fetch() {
    const seen = [typeof Worker, typeof SharedWorker, typeof ShadowRealm, typeof Atomics.wait, typeof Atomics.waitAsync, typeof gc]
    // (memory 1 1 shared)
    try { new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 3, 1, 1])); seen.push('shared') } catch (error) { seen.push(error.name) }
    return Response.json(seen) } }`)
  expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toEqual([...Array<string>(6).fill('undefined'), 'CompileError'])
})

test('nobody is told what the collector took, in no turn', async () => {
  const version = versionOf('has garbage collected', `const told = []; const registry = new FinalizationRegistry((value) => told.push(value)); let reference
    export default { async fetch(request) {
      if (reference === undefined) { for (let count = 0; count < 100; count++) registry.register({}, count); reference = new WeakRef({}); return new Response('made') }
      new ArrayBuffer(80e6).transfer(0)
      await new Promise((done) => setTimeout(done, 20)); return Response.json([reference.deref() === undefined, told.length]) } }`, room)
  expect((await call(hostile.runtime, version)).body.toString()).toBe('made')
  for (let turn = 0; turn < 3; turn++) expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toEqual([true, 0])
})

describe('at I/O', () => {
  const waits: Readonly<Record<string, string>> = {
    'a timer': `new Promise((done) => setTimeout(done, 0))`,
    'an answer to a subrequest': `fetch('http://a.test/')`,
    'a result of crypto': `crypto.subtle.digest('SHA-256', new Uint8Array(100_000))`,
    'a step of a codec': `new Response(new Response(new Uint8Array(100_000)).body.pipeThrough(new CompressionStream('gzip'))).arrayBuffer()`,
  }
  test.each(Object.entries(waits))('time moves: after %s', async (name, wait) => {
    const version = versionOf(`waits for ${name}`, `${work} export default { async fetch() {
      const clocks = () => [Date.now(), +new Date(), performance.now(), new Event('e').timeStamp, Temporal.Now.instant().epochMilliseconds]
      const before = clocks(); work(); await ${wait}; const after = clocks(); return Response.json(after.map((time, index) => time - before[index])) } }`, room)
    const moved = JSON.parse((await call(hostile.runtime, version)).body.toString()) as number[]
    for (const ms of moved) expect(ms).toBeGreaterThan(0)
    // In whole milliseconds.
    expect(moved.every(Number.isInteger)).toBe(true)
  })

  test('it is the time of the day', async () => {
    const version = versionOf('tells the time', `export default { fetch() { return Response.json([Date.now(), performance.timeOrigin + performance.now()]) } }`)
    await call(hostile.runtime, version)
    const before = Date.now()
    const [wall, steady] = JSON.parse((await call(hostile.runtime, version)).body.toString()) as [number, number]
    expect(wall).toBeGreaterThanOrEqual(before)
    expect(wall).toBeLessThanOrEqual(Date.now())
    expect(Math.abs(steady - wall)).toBeLessThanOrEqual(2)
  })

  test('during start-up, too', async () => {
    const version = versionOf('waits at start', `${work} const before = Date.now(); work(); await new Promise((done) => setTimeout(done, 1)); const moved = Date.now() - before
      export default { fetch() { return Response.json(moved) } }`, room)
    expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toBeGreaterThan(0)
  })
})

test('where the operator says so, time runs', async () => {
  const { runtime } = await startHostileRuntime({ clock: 'running' })
  try {
    const version = versionOf('spins', `export default { fetch() {
      const began = [Date.now(), performance.now()]; while (Date.now() < began[0] + 3); while (performance.now() < began[1] + 3);
      return Response.json([Date.now() - began[0], performance.now() - began[1]]) } }`, room)
    for (const moved of JSON.parse((await call(runtime, version)).body.toString()) as number[]) expect(moved).toBeGreaterThanOrEqual(3)
  } finally {
    await runtime.close()
  }
})
