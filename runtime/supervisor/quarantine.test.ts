import { beforeEach, expect, test } from 'vitest'
import { Quarantine } from './quarantine.ts'

const crasher = { account: 'acme', functionName: 'crasher' }
let nowMs: number
let quarantine: Quarantine

beforeEach(() => {
  nowMs = 1_000
  quarantine = new Quarantine(() => nowMs)
})

test('one end is an accident, and so are two that are far apart', () => {
  expect(quarantine.blame(crasher, 'a', 'aborted')).toBe(false)
  nowMs += 61_000
  expect(quarantine.blame(crasher, 'a', 'aborted')).toBe(false)
  expect(quarantine.has(crasher)).toBe(false)
  expect(quarantine.refusalMs(crasher, 'a')).toBe(0)
  expect(quarantine.list()).toEqual([])
})

test('two within a minute put a function into quarantine, and each further one doubles the back-off', () => {
  quarantine.blame(crasher, 'a', 'aborted')
  nowMs += 30_000
  expect(quarantine.blame(crasher, 'a', 'aborted')).toBe(true)
  expect(quarantine.has(crasher)).toBe(true)
  expect(quarantine.refusalMs(crasher, 'a')).toBe(1_000)
  nowMs += 1_000
  expect(quarantine.refusalMs(crasher, 'a')).toBe(0)
  for (const backOffMs of [2_000, 4_000, 8_000]) {
    nowMs += 100_000
    expect(quarantine.blame(crasher, 'a', 'aborted')).toBe(false)
    expect(quarantine.refusalMs(crasher, 'a')).toBe(backOffMs)
  }
  for (let index = 0; index < 20; index++) quarantine.blame(crasher, 'a', 'aborted')
  expect(quarantine.refusalMs(crasher, 'a')).toBe(300_000)
})

test('another version does not wait, though it stays apart', () => {
  quarantine.blame(crasher, 'a', 'aborted')
  quarantine.blame(crasher, 'a', 'aborted')
  expect(quarantine.refusalMs(crasher, 'b')).toBe(0)
  expect(quarantine.has(crasher)).toBe(true)
})

test('versions that take turns do not get around the wait', () => {
  quarantine.blame(crasher, 'a', 'aborted')
  quarantine.blame(crasher, 'b', 'aborted')
  expect(quarantine.refusalMs(crasher, 'a')).toBe(1_000)
  expect(quarantine.refusalMs(crasher, 'b')).toBe(1_000)
  expect(quarantine.refusalMs(crasher, 'mended')).toBe(0)
  expect(quarantine.list()[0]?.version).toBe('b')
  nowMs += 1_000
  quarantine.blame(crasher, 'a', 'aborted')
  expect(quarantine.list()[0]?.version).toBe('a')
  for (let version = 0; version < 100; version++) quarantine.blame(crasher, `version ${version}`, 'aborted')
  expect(quarantine.refusalMs(crasher, 'version 99')).toBeGreaterThan(0)
})

test('functions of the same name in other accounts have nothing to do with it', () => {
  quarantine.blame(crasher, 'a', 'aborted')
  quarantine.blame({ ...crasher, account: 'other' }, 'a', 'aborted')
  expect(quarantine.has(crasher)).toBe(false)
})

test('it is released when it ended nothing for a while, and told of until then', () => {
  quarantine.blame(crasher, 'a', 'aborted')
  quarantine.blame(crasher, 'a', 'out of memory')
  nowMs += 400
  expect(quarantine.list()).toEqual([{ ...crasher, version: 'a', reason: 'out of memory', cellsEnded: 2, refusedMs: 600 }])
  nowMs += 15 * 60_000
  expect(quarantine.list()).toEqual([])
  expect(quarantine.has(crasher)).toBe(false)
})
