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

function cellOf(inFlight = 0, kill: () => void = () => undefined): CellHandle {
  return { ready: true, gone: false, inFlight, overloaded: false, isolates: new Map(), kill, use: () => undefined, startInBackground: () => undefined } as unknown as CellHandle
}

const groupOf = (name: string, owner = name): CellGroup => ({ name, owner, cellsMax: 1, isLowered: false })

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

/** With two spares, and what it had created so far. */
function countedFleet(): { readonly fleet: CellFleet; readonly created: () => number } {
  let created = 0
  const create = (): CellHandle => {
    created++
    return cellOf()
  }
  return { fleet: new CellFleet({ create, cellsMax: 16, spares: 2 }), created: () => created }
}

test('spares are replaced in a quiet moment, and at the latest after a while', () => {
  const { fleet, created } = countedFleet()
  expect(created()).toBe(2)
  fleet.acquire(groupOf('one'))
  vi.advanceTimersByTime(900)
  fleet.acquire(groupOf('one'))
  vi.advanceTimersByTime(900)
  expect(created()).toBe(2)
  vi.advanceTimersByTime(1_200)
  expect(created()).toBe(3)

  fleet.acquire(groupOf('two'))
  for (let turn = 0; turn < 12; turn++) {
    vi.advanceTimersByTime(500)
    fleet.acquire(groupOf('two'))
  }
  expect(created()).toBe(4)
  fleet.close()
})

test('cells that die before they come up are not started for each who asks', () => {
  const { fleet, created } = countedFleet()
  for (let request = 0; request < 100; request++) {
    const cell = fleet.acquire(groupOf('someone'))
    if (cell !== undefined) fleet.remove(cell)
  }
  expect(created()).toBeLessThan(8)
  expect(fleet.acquire(groupOf('someone'))).toBeUndefined()
  // They are tried again, and all is well when one comes up.
  vi.advanceTimersByTime(60_000)
  const cell = fleet.acquire(groupOf('someone'))
  expect(cell).toBeDefined()
  if (cell !== undefined) fleet.markReady(cell)
  for (let other = 0; other < 5; other++) expect(fleet.acquire(groupOf(`other ${other}`))).toBeDefined()
  fleet.close()
})

test('cells that somebody else kills as they start are started anew for who asks', () => {
  const fleet = new CellFleet({ create: () => cellOf(), cellsMax: 8, spares: 1 })
  for (let time = 0; time < 10; time++) {
    const cell = fleet.acquire(groupOf('someone'))
    expect(cell).toBeDefined()
    if (cell !== undefined) fleet.remove(cell, true)
    const [spare] = fleet.cells
    if (spare !== undefined) fleet.remove(spare, true)
  }
  fleet.close()
})

test('one owner leaves cells to others, however many groups it has and however busy they are', () => {
  const fleet = new CellFleet({ create: () => cellOf(1), cellsMax: 16, spares: 2 })
  const owned = Array.from({ length: 100 }, (_, index) => fleet.acquire(groupOf(`own ${index}`, 'greedy'))).filter((cell) => cell !== undefined)
  expect(owned).toHaveLength(8)
  for (let other = 0; other < 7; other++) expect(fleet.acquire(groupOf(`other ${other}`))).toBeDefined()
  fleet.close()
})

test('beyond its share the groups of an owner take each other\'s cells, and nobody else\'s', () => {
  const ended: CellHandle[] = []
  const fleet = new CellFleet({
    create: () => {
      const cell = cellOf(0, () => ended.push(cell))
      return cell
    },
    cellsMax: 16,
    spares: 2,
  })
  const modest = fleet.acquire(groupOf('modest'))
  const first = fleet.acquire(groupOf('own', 'greedy'))
  for (let index = 0; index < 100; index++) expect(fleet.acquire(groupOf(`own ${index}`, 'greedy'))).toBeDefined()
  expect(ended[0]).toBe(first)
  expect(ended).not.toContain(modest)
  fleet.close()
})

test('spares start in the background once all of the first were up, and not while the node waits for them', () => {
  const created: (Record<'ready', boolean> & CellHandle)[] = []
  const inBackground: CellHandle[] = []
  const fleet = new CellFleet({
    create: () => {
      const cell = Object.assign(cellOf(), { ready: false, startInBackground: () => inBackground.push(cell) })
      created.push(cell)
      return cell
    },
    cellsMax: 16,
    spares: 2,
  })
  const bringUp = (cell: (typeof created)[number] | undefined): void => {
    if (cell === undefined) throw new Error('no such cell')
    cell.ready = true
    fleet.markReady(cell)
  }
  const [first, second] = created
  bringUp(first)
  if (second !== undefined) fleet.remove(second, true)
  vi.advanceTimersByTime(1_000)
  expect(created).toHaveLength(3)
  expect(inBackground).toHaveLength(0)
  bringUp(created[2])
  if (first !== undefined) fleet.remove(first, true)
  vi.advanceTimersByTime(1_000)
  expect(inBackground).toEqual([created[3]])
  fleet.close()
})
