import { expect, test } from 'vitest'
import { HungryFunctions } from './hungry-functions.ts'

const identity = { account: 'acme', functionName: 'painter' }

/** Long turns that use the given share of a core, for so many seconds. Tells whether that made the function hungry. */
function compute(share: number, seconds: number, waitedMs = 0): { readonly becameHungry: number; readonly hungry: HungryFunctions; readonly advance: (ms: number) => void } {
  let nowMs = 0
  let becameHungry = 0
  const hungry = new HungryFunctions(() => nowMs)
  for (let step = 0; step < seconds * 10; step++) {
    nowMs += 100
    if (hungry.note(identity, 100 * share, waitedMs)) becameHungry++
  }
  return { becameHungry, hungry, advance: (ms) => { nowMs += ms } }
}

test('a quarter of a core is nobody\'s trouble', () => {
  const { becameHungry, hungry } = compute(0.24, 60)
  expect(becameHungry).toBe(0)
  expect(hungry.has(identity)).toBe(false)
})

test('a whole core makes hungry within a second, once, and for a minute', () => {
  const { becameHungry, hungry, advance } = compute(1, 1)
  expect(becameHungry).toBe(1)
  expect(hungry.has(identity)).toBe(true)
  expect(hungry.count).toBe(1)
  const atFirstMs = hungry.hungryMs(identity) ?? Number.NaN
  advance(59_000)
  expect(hungry.has(identity)).toBe(true)
  hungry.note(identity, 10_000, 0)
  expect(hungry.hungryMs(identity)).toBe(atFirstMs + 59_000)
  advance(59_000)
  advance(2_000)
  expect([hungry.has(identity), hungry.hungryMs(identity)]).toEqual([false, undefined])
  expect(hungry.count).toBe(0)
})

test('on a busy machine who takes all that he is given is hungry, though it is little', () => {
  expect(compute(0.05, 20, 95).becameHungry).toBe(1)
  expect(compute(0.05, 20, 0).becameHungry).toBe(0)
})

test('a burst now and then does not', () => {
  const { hungry, advance } = compute(0, 0)
  for (let burst = 0; burst < 20; burst++) {
    expect(hungry.note(identity, 300, 0)).toBe(false)
    advance(2_000)
  }
})
