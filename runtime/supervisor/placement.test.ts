import { expect, test } from 'vitest'
import { versionOf } from '../../test/helpers/runtime-caller.ts'
import { Placement, type PlacementOptions } from './placement.ts'
import type { RunnableVersion } from './runtime.ts'

const nobody = { has: () => false }
const placementOf = (options: Partial<PlacementOptions>): Placement =>
  new Placement({ cellsPerAccount: 2, shareCells: false, tiers: [], quarantine: nobody, hungry: nobody, ...options })
const version = (account: string, functionName: string, more: Partial<RunnableVersion> = {}): RunnableVersion => versionOf(functionName, '', { account, ...more })
const only = (account: string, functionName: string) => ({ has: (of: { account: string; functionName: string }) => of.account === account && of.functionName === functionName })

test('an account has cells of its own, unless the operator shares them', () => {
  const apart = placementOf({})
  expect(apart.groupOf(version('a', 'one'))).toEqual(apart.groupOf(version('a', 'two')))
  expect(apart.groupOf(version('a', 'one')).name).not.toBe(apart.groupOf(version('b', 'one')).name)
  const shared = placementOf({ shareCells: true })
  expect(shared.groupOf(version('a', 'one'))).toEqual(shared.groupOf(version('b', 'one')))
})

test('tiers never meet, in shared cells neither; a function\'s tier goes before its account\'s', () => {
  const tiers = [{ name: 'trusted', members: ['a', 'b/payments'] }, { name: 'untrusted', members: ['a/plugin'] }]
  for (const shareCells of [true, false]) {
    const placement = placementOf({ shareCells, tiers })
    const names = [version('a', 'one'), version('a', 'plugin'), version('b', 'one')].map((of) => placement.groupOf(of).name)
    expect(new Set(names).size).toBe(3)
  }
  const placement = placementOf({ shareCells: true, tiers })
  expect(placement.groupOf(version('b', 'payments'))).toEqual(placement.groupOf(version('a', 'one')))
})

test('tiers do not meet on probation either', () => {
  const placement = placementOf({ tiers: [{ name: 'untrusted', members: ['a/plugin'] }] })
  expect(placement.probationOf(version('a', 'plugin')).name).not.toBe(placement.probationOf(version('a', 'one')).name)
  expect(placement.probationOf(version('a', 'two')).name).toBe(placement.probationOf(version('a', 'one')).name)
})

test('a function with cells of its own shares them with none, on probation neither', () => {
  const placement = placementOf({ shareCells: true })
  const pinned = version('a', 'one', { ownCells: true })
  expect(placement.groupOf(pinned).name).not.toBe(placement.groupOf(version('a', 'two')).name)
  expect(placement.probationOf(pinned).name).not.toBe(placement.probationOf(version('a', 'two')).name)
})

test('who computes for long goes among his like of the same account, in cells that give way', () => {
  const placement = placementOf({ hungry: only('a', 'painter') })
  const hungry = placement.groupOf(version('a', 'painter'))
  expect(hungry.isLowered).toBe(true)
  expect(hungry.name).not.toBe(placement.groupOf(version('a', 'two')).name)
  expect(placementOf({ hungry: { has: () => true } }).groupOf(version('b', 'one')).name).not.toBe(hungry.name)
})

test('quarantine is for one function alone, and goes before all else', () => {
  const placement = placementOf({ shareCells: true, quarantine: { has: ({ account }) => account === 'a' }, hungry: { has: () => true } })
  const one = placement.groupOf(version('a', 'one', { ownCells: true }))
  expect(one.cellsMax).toBe(1)
  expect(one.name).not.toBe(placement.groupOf(version('a', 'two')).name)
})
