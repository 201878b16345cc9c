import { expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { Shared } from './shared.ts'
import { SharedLines } from './shared-lines.ts'

async function all(lines: AsyncGenerator<string>): Promise<string[]> {
  const found: string[] = []
  for await (const line of lines) found.push(line)
  return found
}

test('lines are made once for all who read them, at whatever pace', async () => {
  let made = 0
  const lines = new SharedLines((async function* () {
    for (const line of ['a', 'b', 'c']) {
      made += 1
      yield line
    }
  })())
  const slow = lines.read()
  expect((await slow.next()).value).toBe('a')
  expect(await Promise.all([all(lines.read()), all(lines.read())])).toEqual([['a', 'b', 'c'], ['a', 'b', 'c']])
  expect((await slow.next()).value).toBe('b')
  expect(made).toBe(3)
})

test('what can not be made fails all who read it', async () => {
  const lines = new SharedLines((async function* () {
    yield 'a'
    throw new Error('broken')
  })())
  const both = await Promise.allSettled([all(lines.read()), all(lines.read())])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('a value is made for the first who holds it, and forgotten a while after the last', () => {
  const clock = new FakeClock()
  const shared = new Shared<object>(clock, 100)
  const [first, second, other] = [shared.hold('a', () => ({})), shared.hold('a', () => ({})), shared.hold('b', () => ({}))]
  expect(second.value).toBe(first.value)
  expect(other.value).not.toBe(first.value)
  first.release()
  clock.advance(100)
  expect(shared.hold('a', () => ({})).value).toBe(second.value)
  other.release()
  expect(shared.size).toBe(2)
  clock.advance(99)
  expect(shared.size).toBe(2)
  clock.advance(1)
  expect(shared.size).toBe(1)
  shared.drop('a', second.value)
  const third = shared.hold('a', () => ({}))
  expect(third.value).not.toBe(second.value)
  second.release()
  expect(shared.size).toBe(1)
  third.release()
  clock.advance(50)
  const fourth = shared.hold('a', () => ({}))
  expect(fourth.value).toBe(third.value)
  clock.advance(100)
  expect(shared.size).toBe(1)
  fourth.release()
  clock.advance(100)
  expect(shared.size).toBe(0)
})

test('of values that nobody holds the last two are kept', () => {
  const shared = new Shared<object>(new FakeClock(), 100)
  for (const key of ['a', 'b', 'c', 'd']) shared.hold(key, () => ({})).release()
  expect(shared.size).toBe(2)
  shared.clear()
  expect(shared.size).toBe(0)
})
