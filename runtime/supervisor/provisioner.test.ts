import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { versionOf } from '../../test/helpers/runtime-caller.ts'
import { Provisioner } from './provisioner.ts'

let attached: Map<string, ('loading' | 'ready')[]>
let hasPlace: boolean
let made: string[]
let provisioner: Provisioner

beforeEach(() => {
  vi.useFakeTimers()
  attached = new Map()
  hasPlace = true
  made = []
  provisioner = new Provisioner({
    make: ({ key }) => {
      if (!hasPlace) return false
      made.push(key)
      attached.set(key, [...(attached.get(key) ?? []), 'loading'])
      return true
    },
    attachedOf: ({ key }) => attached.get(key)?.length ?? 0,
    readyOf: ({ key }) => attached.get(key)?.filter((state) => state === 'ready').length ?? 0,
    usefulOf: ({ isolation }) => (isolation === 'request' ? Number.POSITIVE_INFINITY : 2),
    nowMs: () => Date.now(),
  })
})
afterEach(() => {
  provisioner.close()
  vi.useRealTimers()
})

const load = (key: string): void => {
  const states = attached.get(key) ?? []
  attached.set(key, states.with(states.indexOf('loading'), 'ready'))
  provisioner.loaded(key)
}
const lose = (key: string, wasLoading = false): void => {
  const states = attached.get(key) ?? []
  states.splice(states.indexOf(wasLoading ? 'loading' : 'ready'), 1)
  provisioner.lost(key, wasLoading)
}

it('makes what is wanted, two at a time, and no more than is of use', () => {
  const [one, each] = [versionOf('one', ''), versionOf('each', '', { isolation: 'request' })]
  provisioner.replaceAll([{ version: one, isolates: 5 }, { version: each, isolates: 3 }])
  vi.advanceTimersByTime(1)
  expect(made).toEqual(['test/one', 'test/one'])
  load('test/one')
  vi.advanceTimersByTime(1)
  load('test/one')
  vi.advanceTimersByTime(1)
  expect(made).toEqual(['test/one', 'test/one', 'test/each', 'test/each'])
  load('test/each')
  vi.advanceTimersByTime(1)
  expect(made).toHaveLength(5)
  expect(provisioner.status).toMatchObject([{ functionName: 'one', wanted: 2, ready: 2 }, { functionName: 'each', wanted: 3, ready: 1 }])
  for (const _ of [2, 3]) load('test/each')
  attached.get('test/each')?.pop()
  provisioner.used('test/each')
  vi.advanceTimersByTime(1)
  expect(made.filter((key) => key === 'test/each')).toHaveLength(4)
})

it('replaces what is lost at once, then ever later, and begins anew with what lived', async () => {
  provisioner.replaceAll([{ version: versionOf('one', ''), isolates: 1 }])
  vi.advanceTimersByTime(1)
  const settled = vi.fn()
  void provisioner.settled().then(settled)
  const waits: number[] = []
  for (let loss = 0; loss < 10; loss += 1) {
    load('test/one')
    await vi.advanceTimersByTimeAsync(1)
    lose('test/one')
    const before = made.length
    let waitedMs = 0
    for (; made.length === before; waitedMs += 50) vi.advanceTimersByTime(waitedMs === 0 ? 1 : 50)
    waits.push(waitedMs)
  }
  expect(settled).toHaveBeenCalledOnce()
  expect(waits[0]).toBe(50)
  expect(waits.toSorted((a, b) => a - b)).toEqual(waits)
  expect(waits.at(-1)).toBeGreaterThan(29_000)
  expect(waits.at(-1)).toBeLessThan(31_000)
  load('test/one')
  vi.advanceTimersByTime(61_000)
  lose('test/one')
  vi.advanceTimersByTime(1)
  expect(made).toHaveLength(12)
})

it('backs off where it fails to load, looks again where there is no place, and leaves alone what is not wanted', () => {
  provisioner.replaceAll([{ version: versionOf('one', ''), isolates: 1 }])
  vi.advanceTimersByTime(1)
  lose('test/one', true)
  vi.advanceTimersByTime(1)
  lose('test/one', true)
  vi.advanceTimersByTime(200)
  expect(made).toHaveLength(2)
  hasPlace = false
  vi.advanceTimersByTime(100)
  expect(made).toHaveLength(2)
  hasPlace = true
  vi.advanceTimersByTime(1_000)
  expect(made).toHaveLength(3)
  provisioner.replaceAll([])
  lose('test/one', true)
  vi.advanceTimersByTime(60_000)
  expect([made.length, provisioner.status]).toEqual([3, []])
})
