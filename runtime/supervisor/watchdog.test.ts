import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CellHandle } from './cell-handle.ts'
import { Watchdog } from './watchdog.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('idle cells are looked at once a second each, and not all at a time', () => {
  const looked = Array.from({ length: 64 }, () => 0)
  let inThisLook = 0
  const cells = looked.map(
    (_, index) =>
      ({
        ready: true, gone: false, inFlight: 0, isolates: new Map(),
        applyPriority: () => {
          looked[index] = (looked[index] ?? 0) + 1
          inThisLook++
        },
      }) as unknown as CellHandle,
  )
  const memory: CellHandle[] = []
  const nothing = { look: () => undefined }
  const watchdog = new Watchdog({ cells: () => cells, starts: nothing, turns: nothing, liveness: nothing, pipes: nothing, memory: { look: (cell) => void memory.push(cell) } })
  for (let look = 0; look < 100; look++) {
    inThisLook = 0
    vi.advanceTimersByTime(10)
    expect(inThisLook).toBeLessThanOrEqual(1)
  }
  expect(looked).toEqual(looked.map(() => 1))
  expect(new Set(memory).size).toBe(64)
  watchdog.close()
})
