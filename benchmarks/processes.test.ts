import { afterEach, expect, test } from 'vitest'
import { Processes } from './processes.ts'

const processes = new Processes()
afterEach(async () => await processes.stopAll())

const node = (script: string) => ({ file: process.execPath, arguments: ['-e', script] })

test('a process is ready when its line comes, on the descriptor that is named', async () => {
  const match = await processes.start(
    node('require("node:fs").writeSync(3, "port 4711\\n"); setInterval(() => {}, 1000)'),
    { readyDescriptor: 3, readyPattern: /port (\d+)/, timeoutMs: 20_000 },
  )
  expect(match[1]).toBe('4711')
})

test('a process that ends instead fails with its output', async () => {
  const started = processes.start(
    node('console.error("no such port"); process.exit(3)'),
    { readyDescriptor: 1, readyPattern: /ready/, timeoutMs: 20_000 },
  )
  await expect(started).rejects.toThrow(/exit code 3 before it was ready/)
})

test('a command that is not there fails by name', async () => {
  const started = processes.start(
    { file: '/nowhere/command', arguments: [] },
    { readyDescriptor: 1, readyPattern: /ready/, timeoutMs: 20_000 },
  )
  await expect(started).rejects.toThrow(/\/nowhere\/command/)
})
