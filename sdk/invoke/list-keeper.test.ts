import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ListKeeper } from './list-keeper.ts'
import type { ReadNodeList } from './node-list.ts'
import type { InvokerNode } from './options.ts'

const node = (name: string): InvokerNode => ({ name, region: 'fra', url: 'http://127.0.0.1:1', latitude: 0, longitude: 0 })
const tells = (...names: string[]): ReadNodeList => () => Promise.resolve({ from: 'one', nodes: names.map(node), domain: 'example.com' })
const hangs: ReadNodeList = (signal) => new Promise((_resolve, reject) => {
  signal.addEventListener('abort', () => reject(signal.reason as Error))
})
const fails: ReadNodeList = () => Promise.reject(new Error('gone'))

let lists: string[]
let sources: ReadNodeList[]
let asked: number
let keeper: ListKeeper

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  lists = []
  asked = 0
})
afterEach(() => {
  keeper.close()
  vi.useRealTimers()
})

const open = (...first: ReadNodeList[]): ListKeeper => {
  sources = first
  keeper = new ListKeeper({
    initial: [], refreshMs: 10_000, emit: () => undefined, onList: (nodes) => lists.push(nodes.map(({ name }) => name).join()),
    sources: () => sources.map((read) => (signal) => {
      asked += 1
      return read(signal)
    }),
  })
  return keeper
}

test('asks once, and again behind the calls when it is old', async () => {
  await open(tells('a')).ready()
  await keeper.ready()
  expect([lists, asked]).toEqual([['a'], 1])
  sources = [tells('a', 'b')]
  vi.advanceTimersByTime(10_000)
  await keeper.ready()
  await vi.advanceTimersByTimeAsync(0)
  expect([lists, asked]).toEqual([['a', 'a,b'], 2])
})

test('one that hangs is passed by, one that fails at once', async () => {
  const ready = open(hangs, fails, tells('a')).ready()
  await vi.advanceTimersByTimeAsync(300)
  await ready
  expect(lists).toEqual(['a'])
})

test('goes on with the last list where nobody tells any more, whatever the clock does, and asks no more than once a second', async () => {
  await open(tells('a')).ready()
  sources = [fails, hangs]
  vi.advanceTimersByTime(20_000)
  for (let calls = 0; calls < 50; calls += 1) {
    await keeper.ready()
    await vi.advanceTimersByTimeAsync(100)
  }
  expect(lists).toEqual(['a'])
  // Two ways a time, five seconds each until the one that hangs is given up.
  expect(asked).toBeLessThan(2 + 2 * 5)
})

test('a list from before the machine slept is waited to be renewed for a second, no longer', async () => {
  await open(tells('a')).ready()
  sources = [hangs]
  vi.advanceTimersByTime(3_600_000)
  let isReady = false
  const ready = keeper.ready().then(() => {
    isReady = true
  })
  await vi.advanceTimersByTimeAsync(999)
  expect(isReady).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await ready
  expect(lists).toEqual(['a'])
})

test('where no list was ever had, says so after three seconds', async () => {
  const ready = expect(open(hangs).ready()).rejects.toMatchObject({ code: 'server_unreachable' })
  await vi.advanceTimersByTimeAsync(3_000)
  await ready
})

test('who tells nothing is asked later and later, and nobody waits for it', async () => {
  open(fails)
  for (let seconds = 0; seconds < 100; seconds += 1) {
    await expect(keeper.ready()).rejects.toMatchObject({ code: 'server_unreachable' })
    vi.advanceTimersByTime(1_000)
  }
  expect(asked).toBeLessThanOrEqual(9)
  sources = [tells('a')]
  vi.advanceTimersByTime(30_000)
  await keeper.ready()
  expect(lists).toEqual(['a'])
})

test('a node that did not answer has the list asked for early', async () => {
  await open(tells('a')).ready()
  vi.advanceTimersByTime(1_000)
  keeper.hurry()
  await keeper.ready()
  expect(asked).toBe(2)
})
