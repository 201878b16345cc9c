import { expect, test } from 'vitest'
import type { TailEvent } from '../protocol/index.ts'
import { StackMapper } from '../releases/index.ts'
import type { Store } from '../store/index.ts'
import { TailHub } from './tail-hub.ts'

const store = {} as Store
const hub = (): TailHub => new TailHub(store, new StackMapper(store))

function event(text: string, name = 'hello', account = 'default'): TailEvent {
  return { timeMs: 1, node: 'fra-1', region: 'fra', account, function: name, version: '01J00000000000000000000001', kind: 'console', level: 'log', text }
}

test('passes on what the function of the account logs, and nothing else', async () => {
  const tail = hub()
  const { read, close } = tail.subscribe('default', 'hello')
  await tail.publish([event('1'), event('2', 'other'), event('3', 'hello', 'else'), event('4')])
  const events = read(new AbortController().signal)
  expect([(await events.next()).value, (await events.next()).value]).toEqual([event('1'), event('4')])
  close()
  expect(tail.subscriberCount).toBe(0)
})

test('a reader that is too slow loses events and is told how many', async () => {
  const tail = hub()
  const { read } = tail.subscribe('default', 'hello')
  await tail.publish(Array.from({ length: 1_005 }, (_, index) => event(String(index))))
  const events = read(new AbortController().signal)
  for (let index = 0; index < 1_000; index += 1) expect((await events.next()).value).toEqual(event(String(index)))
  expect((await events.next()).value).toMatchObject({ level: 'warn', text: expect.stringMatching(/^5 events/) as string })
  await tail.publish([event('after')])
  expect((await events.next()).value).toEqual(event('after'))
})

test('counts characters too, and refuses a crowd of readers', async () => {
  const tail = hub()
  const { read } = tail.subscribe('default', 'hello')
  await tail.publish(Array.from({ length: 20 }, () => event('x'.repeat(256 * 1024))))
  const events = read(new AbortController().signal)
  for (let index = 0; index < 15; index += 1) await events.next()
  expect((await events.next()).value).toMatchObject({ text: expect.stringMatching(/^5 events/) as string })
  for (let index = 1; index < 32; index += 1) tail.subscribe('default', 'hello')
  expect(() => tail.subscribe('default', 'hello')).toThrow(expect.objectContaining({ code: 'overloaded' }) as Error)
})

test('an account leaves readers to others', () => {
  const tail = hub()
  for (let index = 0; index < 100; index += 1) tail.subscribe('default', `function-${index}`)
  expect(() => tail.subscribe('default', 'one-more')).toThrow('of the account already')
  expect(tail.subscribe('defaults', 'one-more')).toBeDefined()
})

test('readers are bounded over all functions', () => {
  const tail = hub()
  const open = Array.from({ length: 500 }, (_, index) => tail.subscribe(`account-${index % 5}`, `function-${index % 100}`))
  expect(() => tail.subscribe('default', 'one-more')).toThrow('tail already')
  open[0]?.close()
  expect(tail.subscribe('default', 'one-more')).toBeDefined()
})
