import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { parseProcessStat, usageOf } from './process-tree.ts'

test('a line of the kernel is read whatever the process calls itself', () => {
  const line = '4711 (a) b (c) S 17 4711 4711 0 -1 4194304 100 200 0 0 12 3 40 5 20 0 7 0 12345 1000 200'
  expect(parseProcessStat(line)).toEqual({ id: 4711, parentId: 17, cpuMs: 150, endedChildrenCpuMs: 450 })
})

test.runIf(process.platform === 'linux')('what runs beneath a process counts with it', async () => {
  const alone = usageOf(process.pid)
  const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await once(child.stdout, 'data')
    const both = usageOf(process.pid)
    expect(both?.processes).toBeGreaterThan(alone?.processes ?? 0)
    expect(usageOf(child.pid ?? 0)?.processes).toBe(1)
    expect(usageOf(child.pid ?? 0)?.memoryBytes).toBeGreaterThan(1_000_000)
  } finally {
    child.kill('SIGKILL')
  }
})

test('a process that is not there uses nothing that could be told', () => {
  // Above the largest id that Linux gives.
  expect(usageOf(4_194_305)).toBeNull()
})
