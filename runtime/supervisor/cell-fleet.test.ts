import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CellFleet } from './cell-fleet.ts'
import type { CellHandle } from './cell-handle.ts'
import type { CellGroup } from './placement.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function cellOf(): CellHandle {
  return { ready: true, gone: false, inFlight: 0, overloaded: false, isolates: new Map(), kill: () => undefined } as unknown as CellHandle
}

const groupOf = (name: string): CellGroup => ({ name, cellsMax: 1, isLowered: false })

test('a system that starts no process is asked again later, and ends nothing', () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  let works = false
  const fleet = new CellFleet({
    create: () => {
      if (!works) throw new Error('too many open files')
      return cellOf()
    },
    cellsMax: 4,
    spares: 2,
  })
  expect(fleet.acquire(groupOf('someone'))).toBeUndefined()
  vi.advanceTimersByTime(10_000)
  expect(fleet.ready).toBe(false)
  works = true
  vi.advanceTimersByTime(60_000)
  expect(fleet.ready).toBe(true)
  expect(fleet.acquire(groupOf('someone'))).toBeDefined()
  expect(written).toHaveBeenCalledWith(expect.stringContaining('too many open files'))
  written.mockRestore()
  fleet.close()
})

test('spares are replaced in a quiet moment, and at the latest after a while', () => {
  let created = 0
  const fleet = new CellFleet({
    create: () => {
      created++
      return cellOf()
    },
    cellsMax: 16,
    spares: 2,
  })
  expect(created).toBe(2)
  fleet.acquire(groupOf('one'))
  vi.advanceTimersByTime(900)
  fleet.acquire(groupOf('one'))
  vi.advanceTimersByTime(900)
  expect(created).toBe(2)
  vi.advanceTimersByTime(1_200)
  expect(created).toBe(3)

  fleet.acquire(groupOf('two'))
  for (let turn = 0; turn < 12; turn++) {
    vi.advanceTimersByTime(500)
    fleet.acquire(groupOf('two'))
  }
  expect(created).toBe(4)
  fleet.close()
})
