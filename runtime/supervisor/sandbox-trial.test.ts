import { expect, test } from 'vitest'
import { type CellCommand, possibleLayers, type SandboxLayer } from './sandbox.ts'
import { chooseSandbox, tryCell, type TryCommand } from './sandbox-trial.ts'

const marks: Readonly<Record<SandboxLayer, (command: CellCommand) => boolean>> = {
  seccomp: ({ filter }) => filter !== undefined,
  user: ({ users }) => users?.count === 1,
  users: ({ users }) => (users?.count ?? 0) > 1,
  libraries: ({ parameters }) => !parameters.includes('/usr/lib'),
  userns: ({ parameters }) => parameters.includes('--disable-userns'),
}
const usesBubblewrap = ({ parameters }: CellCommand): boolean => parameters.includes('bwrap')

/** A machine on which some things do not work. */
function machine(refuses: (command: CellCommand) => string | undefined): { tried: CellCommand[]; tryCommand: TryCommand } {
  const tried: CellCommand[] = []
  return {
    tried,
    tryCommand: (command) => {
      tried.push(command)
      return Promise.resolve(refuses(command))
    },
  }
}

const onLinux = test.runIf(process.platform === 'linux')

onLinux('everything at once is tried first, and taken where it works', async () => {
  const { tried, tryCommand } = machine(() => undefined)
  const chosen = await chooseSandbox('auto', tryCommand)
  expect(chosen.kind).toBe('bubblewrap')
  expect(chosen.layers).toEqual(possibleLayers('bubblewrap'))
  expect(chosen.layers.filter((layer) => !marks[layer](chosen.command))).toEqual(chosen.layers.includes('users') ? ['user'] : [])
  expect(tried).toHaveLength(1)
})

onLinux.each(possibleLayers('bubblewrap').filter((layer) => layer !== 'user'))('a machine that refuses the layer %s has all others', async (refused) => {
  const { tryCommand } = machine((command) => (usesBubblewrap(command) && marks[refused](command) ? 'no' : undefined))
  const chosen = await chooseSandbox('bubblewrap', tryCommand)
  expect(chosen.kind).toBe('bubblewrap')
  expect(chosen.layers).toEqual(possibleLayers('bubblewrap').filter((layer) => layer !== refused))
  expect(marks[refused](chosen.command)).toBe(false)
})

onLinux('a machine without bubblewrap has the permission model, and says why', async () => {
  const { tryCommand } = machine((command) => (usesBubblewrap(command) ? 'ended with 127: bwrap: not found' : undefined))
  const chosen = await chooseSandbox('auto', tryCommand)
  expect(chosen).toMatchObject({ kind: 'permission', layers: possibleLayers('permission'), complaint: 'ended with 127: bwrap: not found' })
  expect(usesBubblewrap(chosen.command)).toBe(false)
})

test('the permission model is taken where it is asked for, whatever else works', async () => {
  const { tried, tryCommand } = machine(() => undefined)
  const chosen = await chooseSandbox('permission', tryCommand)
  expect(chosen.kind).toBe('permission')
  expect(chosen.complaint).toBeUndefined()
  expect(tried.some(usesBubblewrap)).toBe(false)
})

onLinux('in both a real cell lives, where the machine allows it, or it is said why not', async () => {
  const permission = await chooseSandbox('permission')
  expect(possibleLayers('permission')).toEqual(expect.arrayContaining([...permission.layers]))
  const { kind, layers, complaint } = await chooseSandbox('auto')
  if (kind === 'bubblewrap') expect(possibleLayers('bubblewrap')).toEqual(expect.arrayContaining([...layers]))
  else expect(complaint).not.toBe('')
})

test.runIf(process.platform !== 'win32')('a trial that fails tells what the process said at its end', async () => {
  const shell = (script: string) => tryCell({ command: '/bin/sh', parameters: ['-c', script] })
  expect(await shell('echo no namespaces here >&2; exit 3')).toBe('ended with 3: no namespaces here')
  expect(await shell('kill -9 $$')).toBe('ended with SIGKILL')
  expect(await tryCell({ command: '/nowhere/sh', parameters: [] })).toContain('ENOENT')
})
