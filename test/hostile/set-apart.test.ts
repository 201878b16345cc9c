import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunnableVersion } from '../../runtime/supervisor/index.ts'
import { hasProcessFolder, killCells, processTree } from '../helpers/processes.ts'
import { call, textOf, versionOf } from '../helpers/runtime-caller.ts'
import { until } from '../helpers/until.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Functions that disturb others are set apart, by what they did and not by what was done to them. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime({ cellsPerAccount: 1 })
})
afterAll(() => hostile.runtime.close())

/** What gives way waits long where others want the cores. */
const patient = withLimits({ wallMs: 60_000 })
const endsItsCell = `export default { fetch() { for (;;) new Array(6e7).fill(0) } }`
const burn = (iterations: number): string => `let x = 1; for (let i = 0; i < ${iterations}; i++) x = (Math.imul(x, 1103515245) + 12345) | 0;`

/** Main threads of the cells, which run isolates. */
async function cellProcesses(): Promise<readonly number[]> {
  const all = await processTree(process.pid)
  return all.filter((id) => {
    const parameters = readFileSync(`/proc/${id}/cmdline`, 'latin1').split('\0')
    return parameters[0] === process.execPath && parameters.some((parameter) => parameter.includes('cell/main'))
  })
}

test('who ends its cell twice in a minute gets one of its own, waits, and is told of; others of the account do not notice', { timeout: 120_000 }, async () => {
  const { runtime } = hostile
  const crasher = versionOf('crasher', endsItsCell, patient)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect((await call(runtime, crasher)).error?.code).toBe('cpu_limit_exceeded')
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect((await call(runtime, crasher)).error?.code).toBe('cpu_limit_exceeded')
  const refused = await call(runtime, crasher)
  expect(refused.error?.code).toBe('function_quarantined')
  expect(refused.error?.message).toMatch(/tried again in \d+ s/)
  expect(refused.error?.retryAfterSeconds).toBe(1)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().quarantined).toMatchObject([{ account: 'test', functionName: 'crasher', cellsEnded: 2 }])
  const record = await hostile.logged(({ code }) => code === 'function_quarantined')
  expect(record.version.functionName).toBe('crasher')

  const mended: RunnableVersion = { ...versionOf('crasher', `export default { fetch() { return new Response('mended') } }`, patient), key: 'test/crasher/mended', version: '01J00000000000000000000001' }
  expect(textOf(await call(runtime, mended))).toBe('mended')

  await until('the crasher may be tried again', () => runtime.status().quarantined[0]?.refusedMs === 0)
  const crashesBefore = runtime.status().cellCrashes
  // In a cell of its own: nobody else's isolate goes with it.
  const others = Array.from({ length: 20 }, (_, index) => call(runtime, versionOf('bystander', ''), { method: index % 2 === 0 ? 'GET' : 'POST' }))
  expect((await call(runtime, crasher)).error?.code).toBe('cpu_limit_exceeded')
  expect(runtime.status().cellCrashes).toBe(crashesBefore + 1)
  for (const { error } of await Promise.all(others)) expect(error).toBeUndefined()
  expect(runtime.status().quarantined[0]?.refusedMs).toBeGreaterThan(1_000)
})

test.runIf(hasProcessFolder)('a cell that somebody else killed is nobody\'s fault: what is safe is repeated, and nothing set apart', { timeout: 90_000 }, async () => {
  const { runtime, logs } = hostile
  const innocent = versionOf('innocent', `export default { async fetch() { console.log('begun'); await new Promise((done) => setTimeout(done, 3_000)); return new Response('late') } }`, patient)
  const before = runtime.status().quarantined.length
  // Who ran when its cell died is suspected a little: here nobody shall, so that another's turn comes first in the one cell.
  const theirTurnsAreOver = async (): Promise<void> => expect(await bystanderAnswer(runtime)).toBe('unharmed')
  for (let time = 0; time < 2; time++) {
    const begunBefore = logs.filter(({ text }) => text === 'begun').length
    const safe = call(runtime, innocent)
    const unsafe = call(runtime, innocent, { method: 'POST' })
    await until('both have begun', () => logs.filter(({ text }) => text === 'begun').length === begunBefore + 2)
    await theirTurnsAreOver()
    await killCells(process.pid)
    expect((await unsafe).error?.code).toBe('isolate_crashed')
    // Again while the safe one is tried anew: it is innocent however often that happens.
    await until('the safe one goes on in another cell', () => logs.filter(({ text }) => text === 'begun').length === begunBefore + 3)
    await theirTurnsAreOver()
    await killCells(process.pid)
    expect(textOf(await safe)).toBe('late')
  }
  expect(runtime.status().quarantined).toHaveLength(before)
})

test.runIf(hasProcessFolder)('who computes for long moves to a cell that gives way', async () => {
  const { runtime } = hostile
  const painter = versionOf('painter', `export default { fetch() { ${burn(1e7)} return new Response('painted') } }`, { account: 'painters', ...withLimits({ cpuMs: 2_000, wallMs: 60_000 }) })
  const neighbour = versionOf('neighbour', `export default { fetch() { return new Response('here') } }`, { account: 'painters', ...patient })
  await call(runtime, neighbour)
  const cellsBefore = runtime.status().cells
  let answers = 0
  while (runtime.status().hungryFunctions === 0 && answers < 1_000) {
    expect(textOf(await call(runtime, painter))).toBe('painted')
    answers++
  }
  expect(runtime.status().hungryFunctions).toBe(1)
  expect(textOf(await call(runtime, painter))).toBe('painted')
  expect((await call(runtime, neighbour)).head?.startKind).toBe('warm')
  expect(runtime.status().cells).toBeGreaterThanOrEqual(cellsBefore)
  expect((await cellProcesses()).map((id) => getPriority(id))).toContain(19)
})

test.runIf(hasProcessFolder)('CPU time is told within a tenth of what the kernel counts', async () => {
  const { runtime } = hostile
  const worker = versionOf('worker', `export default { fetch() { ${burn(5e6)} return new Response('done') } }`, { account: 'workers', ...withLimits({ cpuMs: 5_000 }) })
  await call(runtime, worker)
  const readMs = (id: number): number => Number.parseInt(readFileSync(`/proc/${id}/schedstat`, 'latin1'), 10) / 1e6
  const before = new Map((await cellProcesses()).map((id) => [id, readMs(id)]))
  let toldMs = 0
  for (let time = 0; time < 40; time++) toldMs += (await call(runtime, worker)).head?.cpuMs ?? 0
  // The cell that did it; others may be starting.
  const kernelMs = Math.max(...[...before].map(([id, beforeMs]) => readMs(id) - beforeMs))
  expect(toldMs / kernelMs).toBeGreaterThan(0.9)
  expect(toldMs / kernelMs).toBeLessThan(1.1)
})

test('on a saturated machine nobody is ended for waiting, and the endless end by their CPU time', { timeout: 120_000 }, async () => {
  const { runtime } = hostile
  const spinners = Array.from({ length: 8 }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
  try {
    // Both are made to give way, and then get a sixtieth of a core here: their time by the clock is no matter.
    const near = versionOf('near its limit', `export default { fetch() { ${burn(1.5e7)} return new Response('made it') } }`, { account: 'near', ...withLimits({ cpuMs: 100, wallMs: 60_000 }) })
    const endless = versionOf('endless', `export default { fetch() { for (;;); } }`, { account: 'far', ...withLimits({ wallMs: 60_000 }) })
    for (let time = 0; time < 12; time++) {
      const { body, head, error } = await call(runtime, near)
      expect(error?.message ?? body.toString()).toBe('made it')
      expect(head?.cpuMs).toBeLessThan(100)
    }
    for (let time = 0; time < 6; time++) {
      const { error } = await call(runtime, endless)
      expect(error?.code).toBe('cpu_limit_exceeded')
      // What it used, by the kernel: the machine's load has no part in it.
      expect(error?.used).toBeGreaterThanOrEqual(50)
      expect(error?.used).toBeLessThan(150)
    }
  } finally {
    for (const spinner of spinners) spinner.kill('SIGKILL')
  }
})
