import { expect, test } from 'vitest'
import { HostPressures } from './host-pressures.ts'

test('a node that refuses presses this host at once, more with each step, and no other host', () => {
  const pressures = new HostPressures()
  expect(pressures.of('hot', 0)).toBeUndefined()
  const course: number[] = []
  for (let nowMs = 0; nowMs < 5_000; nowMs += 100) {
    pressures.refused('hot', 'fra-1', nowMs)
    pressures.answered('hot', 'fra-1')
    course.push(pressures.of('hot', nowMs)?.get('fra-1') ?? 0)
  }
  expect(course[0]).toBeGreaterThanOrEqual(3)
  expect(course.at(-1)).toBeGreaterThan(50)
  expect(course).toEqual(course.toSorted((left, right) => left - right))
  expect(pressures.of('cold', 5_000)).toBeUndefined()
})

test('where nothing is refused any more the pressure falls, is halved in about five seconds, and is forgotten', () => {
  const pressures = new HostPressures()
  let nowMs = 0
  for (; nowMs < 5_000; nowMs += 500) {
    for (let times = 0; times < 10; times += 1) pressures.refused('hot', 'fra-1', nowMs)
    pressures.of('hot', nowMs)
  }
  const before = pressures.of('hot', nowMs)?.get('fra-1') ?? 0
  const after = pressures.of('hot', nowMs + 5_000)?.get('fra-1') ?? 0
  expect(after / before).toBeGreaterThan(0.35)
  expect(after / before).toBeLessThan(0.65)
  pressures.of('hot', nowMs + 200_000)
  expect(pressures.of('hot', nowMs + 200_500)).toBeUndefined()
})

test('remembers a bounded number of nodes and hosts', () => {
  const pressures = new HostPressures()
  for (let index = 0; index < 100; index += 1) pressures.refused('hot', `node-${index}`, 0)
  expect(pressures.of('hot', 0)?.size).toBe(32)
  for (let index = 0; index < 2_000; index += 1) pressures.refused(`host-${index}`, 'fra-1', 0)
  expect(pressures.of('hot', 0)).toBeUndefined()
})
