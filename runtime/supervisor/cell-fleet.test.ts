import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CellFleet } from './cell-fleet.ts'
import type { CellHandle } from './cell-handle.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function cellOf(): CellHandle {
  return { ready: true, gone: false, inFlight: 0, overloaded: false, isolates: new Map(), kill: () => undefined } as unknown as CellHandle
}

test('a system that starts no process is asked again later, and ends nothing', () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  let works = false
  const fleet = new CellFleet({
    create: () => {
      if (!works) throw new Error('too many open files')
      return cellOf()
    },
    cellsPerAccount: 1,
    cellsMax: 4,
    spares: 2,
  })
  expect(fleet.acquire('someone')).toBeUndefined()
  vi.advanceTimersByTime(10_000)
  expect(fleet.ready).toBe(false)
  works = true
  vi.advanceTimersByTime(60_000)
  expect(fleet.ready).toBe(true)
  expect(fleet.acquire('someone')).toBeDefined()
  expect(written).toHaveBeenCalledWith(expect.stringContaining('too many open files'))
  written.mockRestore()
  fleet.close()
})
