import { beforeEach, expect, test } from 'vitest'
import { EagerLoop } from './eager-loop.ts'

const stepMs = 0.005
let nowMs = 0
let waiting: (() => void)[] = []
let loop: EagerLoop

beforeEach(() => {
  nowMs = 1_000
  waiting = []
  loop = new EagerLoop({ nowMs: () => nowMs, afterLook: (then) => void waiting.push(then) })
})

/** Lets the event loop turn until it would sleep, or as often as is said. Answers how often it did. */
function turn(times = Number.POSITIVE_INFINITY): number {
  let turns = 0
  while (waiting.length > 0 && turns < times) {
    nowMs += stepMs
    for (const then of waiting.splice(0)) then()
    turns += 1
  }
  return turns
}

test('looks until the answer comes', () => {
  loop.expect()
  expect(turn(3)).toBe(3)
  loop.came()
  expect(turn()).toBe(1)
  expect(loop.idleMs).toBeCloseTo(4 * stepMs)
})

test('gives up after a tenth of a millisecond', () => {
  loop.expect()
  const turns = turn()
  expect(turns * stepMs).toBeGreaterThanOrEqual(0.1)
  expect(turns * stepMs).toBeLessThan(0.12)
})

test('looks once for many requests, until the last had its time', () => {
  loop.expect()
  turn(2)
  loop.expect()
  expect(waiting).toHaveLength(1)
  expect(turn() * stepMs).toBeGreaterThanOrEqual(0.1)
})

test('stops looking where nothing comes so soon, tries again now and then, and learns that it does', () => {
  const looks = (): number => {
    loop.expect()
    return turn()
  }
  for (let request = 0; request < 4; request++) expect(looks()).toBeGreaterThan(0)
  const later = Array.from({ length: 128 }, looks)
  expect(later.filter((turns) => turns > 0)).toHaveLength(2)
  const answered = (): boolean => {
    loop.expect()
    const isLooking = turn(1) > 0
    loop.came()
    turn()
    return isLooking
  }
  expect(Array.from({ length: 64 }, answered).filter(Boolean)).toHaveLength(1)
  expect(Array.from({ length: 4 }, answered)).toEqual([true, true, true, true])
})

test('an answer that nobody looks for changes nothing', () => {
  loop.came()
  loop.expect()
  expect(turn()).toBeGreaterThan(0)
})

test('time in which the loop did other work is not idle', () => {
  loop.expect()
  nowMs += 50
  turn()
  expect(loop.idleMs).toBeLessThan(0.05)
})
