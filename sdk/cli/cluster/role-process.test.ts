import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type RoleProcess, startRoleProcess } from './role-process.ts'

const readySchema = z.object({ port: z.int() })
const roles: RoleProcess<unknown>[] = []
afterEach(async () => {
  for (const role of roles.splice(0)) await role.stop()
})

const wellBehaved = `
  process.stdin.resume().on('end', () => process.exit(0))
  process.on('SIGTERM', () => { console.error('draining'); process.exit(0) })
  console.log(JSON.stringify({ port: Number(process.argv[1]) }))
`

test('a role that dies is started again, with what it was ready with before', async () => {
  const starts: (number | undefined)[] = []
  const restarted = Promise.withResolvers<void>()
  const lines: string[] = []
  const role = await startRoleProcess({
    label: 'edge',
    command: ['--eval', `console.error('hello from ' + process.argv[1]);${wellBehaved}`],
    args: (ready) => {
      starts.push(ready?.port)
      return ['4711']
    },
    readySchema,
    onLine: (_, line) => {
      lines.push(line)
      if (lines.filter((seen) => seen === 'hello from 4711').length === 2) restarted.resolve()
    },
  })
  roles.push(role)
  expect(role.ready.port).toBe(4711)
  const first = role.processId()
  process.kill(first ?? 0, 'SIGKILL')
  await restarted.promise
  expect(starts).toEqual([undefined, 4711])
  expect(lines.some((line) => line.startsWith('died; starting it again'))).toBe(true)
})

test('stop lets it drain and does not start it again', async () => {
  const lines: string[] = []
  const role = await startRoleProcess({
    label: 'edge', command: ['--eval', wellBehaved], args: () => ['1'], readySchema, onLine: (_, line) => lines.push(line),
  })
  await role.stop()
  expect(lines).toEqual(['draining'])
})

test('a role that never becomes ready fails with its last words', async () => {
  const start = startRoleProcess({
    label: 'dns',
    command: ['--eval', `console.log('{"error":{"detail":"port in use"}}'); console.error('giving up'); process.exit(1)`, 'dns'],
    args: () => [],
    readySchema,
    onLine: () => {},
  })
  await expect(start).rejects.toThrow(/dns ended before it was ready \(exit code 1\):\nport in use\ngiving up/)
})
