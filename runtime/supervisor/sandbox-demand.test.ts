import { expect, test } from 'vitest'
import { checkSandbox } from './sandbox-demand.ts'
import type { ChosenSandbox } from './sandbox-trial.ts'

const command = { command: 'true', parameters: [] }
const complaint = 'ended with 1: bwrap: No permissions to create a new namespace'
const full: ChosenSandbox = { kind: 'bubblewrap', layers: ['seccomp', 'libraries'], command }
const unfiltered: ChosenSandbox = { kind: 'bubblewrap', layers: ['libraries'], command }
const lacking: ChosenSandbox = { kind: 'permission', layers: ['user'], command, complaint }

const refused = (detail: string): unknown => expect.objectContaining({ code: 'sandbox_unavailable', message: expect.stringContaining(detail) })
function outcome(...parameters: Parameters<typeof checkSandbox>): unknown {
  try {
    checkSandbox(...parameters)
    return 'taken'
  } catch (error) {
    return error
  }
}

test('without a demand anything is taken', () => {
  for (const chosen of [full, unfiltered, lacking]) expect(outcome(chosen, {})).toBe('taken')
})

test('who names bubblewrap gets it or is told why not', () => {
  expect(outcome(full, { sandbox: 'bubblewrap' })).toBe('taken')
  expect(outcome(unfiltered, { sandbox: 'bubblewrap' })).toBe('taken')
  expect(outcome(lacking, { sandbox: 'bubblewrap' })).toEqual(refused(complaint))
})

test('who requires the sandbox gets namespaces and filter, or is told what lacks', () => {
  expect(outcome(full, { requireSandbox: true })).toBe('taken')
  expect(outcome(unfiltered, { requireSandbox: true })).toEqual(refused('no filter of system calls'))
  expect(outcome(lacking, { requireSandbox: true })).toEqual(refused(complaint))
  expect(outcome({ kind: 'permission', layers: ['user'], command }, { sandbox: 'permission', requireSandbox: true })).toEqual(refused('only the permission model was asked for'))
})
