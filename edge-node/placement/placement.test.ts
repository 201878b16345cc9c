import { expect, test } from 'vitest'
import { findRegion, type RoutableNode } from '../../geography/index.ts'
import { createRandom } from '../../test/helpers/random.ts'
import { Placement, placementSettings } from './index.ts'

interface AskOptions {
  readonly isComparable?: boolean
  readonly clientKey?: string
  readonly regions?: readonly string[]
  readonly key?: string
}

interface Door {
  nodes: readonly RoutableNode[]
  nowMs: number
  /** What a request takes at each node, hop included. */
  takesMs: Record<string, number>
  statusAt: Record<string, number>
  rounds: number
  /** The nodes that do not answer. */
  readonly gone: Set<string>
  readonly placement: Placement
  change(name: string, to: Partial<RoutableNode>): void
  /** Answers where it was run. */
  ask(options?: AskOptions): string
  times(count: number, options?: AskOptions): string[]
  /** How many of the next requests are run elsewhere. */
  away(count?: number, options?: AskOptions): number
}

/** A node in Frankfurt, others elsewhere, and a back end in Washington, with a clock that stands still but for what requests take. */
function createDoor({ seed = 1 } = {}): Door {
  const random = createRandom(seed)
  const nodeAt = (name: string): RoutableNode => {
    const place = findRegion(name)
    if (place === undefined) throw new Error(name)
    return { name, region: name, latitude: place.latitude, longitude: place.longitude, draining: false, healthy: true }
  }
  const door: Door = {
    nodes: ['iad', 'lhr', 'sin', 'gru'].map(nodeAt),
    nowMs: 0,
    takesMs: { fra: 340, iad: 110, lhr: 310, sin: 900, gru: 600 },
    statusAt: {},
    rounds: 3,
    gone: new Set(),
    placement: new Placement({ ...nodeAt('fra'), peers: () => door.nodes, random: () => random.next(), now: () => door.nowMs }),
    change(name, to) {
      door.nodes = door.nodes.map((node) => (node.name === name ? { ...node, ...to } : node))
    },
    ask({ isComparable = true, clientKey = '', regions = ['*'], key = 'default/shop/1' } = {}) {
      const placed = door.placement.place({ key, account: 'default', functionName: 'shop' }, { isComparable, clientKey, regions }, door.nowMs)
      const node = placed.node ?? 'fra'
      if (door.gone.has(node)) {
        placed.failed()
        return 'fra'
      }
      const ms = (door.takesMs[node] ?? 0) * (0.95 + random.next() / 10)
      const rounds = placed.waits === undefined ? 0 : door.rounds
      for (let round = 0; round < rounds; round += 1) {
        const end = placed.waits?.begin(() => door.nowMs)
        door.nowMs += (ms - 10) / rounds
        end?.()
      }
      door.nowMs += rounds === 0 ? ms : 10
      placed.answered(door.statusAt[node] ?? 200)
      return node
    },
    times: (count, options) => Array.from({ length: count }, () => door.ask(options)),
    away: (count = 20, options) => door.times(count, options).filter((node) => node !== 'fra').length,
  }
  return door
}

function createMoved(): Door {
  const door = createDoor()
  door.times(300)
  expect(door.placement.moved).toMatchObject([{ key: 'default/shop/1', node: 'iad' }])
  return door
}

test('moves to the node where answers come soonest, and tells what that saves', () => {
  const door = createMoved()
  expect(door.times(20)).toEqual(Array.from({ length: 20 }, () => 'iad'))
  const [moved] = door.placement.moved
  expect(moved?.hereMs).toBeCloseTo(340, -2)
  expect(moved?.runnerMs).toBeCloseTo(110, -1)
})

test('tries nothing where nothing can be gained: no subrequests, one round of them, a back end near by', () => {
  for (const [rounds, takesMs] of [[0, 340], [1, 340], [3, 14]] as const) {
    const door = createDoor()
    door.rounds = rounds
    door.takesMs['fra'] = takesMs
    expect(door.away(3_000)).toBe(0)
  }
})

test('tries only what may be done twice and has no body, and moves the rest with it', () => {
  const door = createDoor()
  expect(door.away(500, { isComparable: false })).toBe(0)
  door.times(300)
  expect(door.away(20, { isComparable: false })).toBe(20)
})

test('is here at once while the other node is not healthy, drains, or may not run it, and there again after', () => {
  const door = createMoved()
  for (const state of [{ healthy: false }, { draining: true }]) {
    door.change('iad', state)
    expect(door.away()).toBe(0)
    door.change('iad', { healthy: true, draining: false })
    expect(door.away()).toBe(20)
  }
  expect(door.away(20, { regions: ['fra', 'lhr'] })).toBe(0)
  expect(door.away(20)).toBe(20)
})

test('of a node that presses its clients by more than they save, they leave one after another', () => {
  const door = createMoved()
  const awayOf = (pressureMs: number): number => {
    door.change('iad', { pressureMs })
    return Array.from({ length: 40 }, (_, index) => door.ask({ isComparable: false, clientKey: `client ${index}` })).filter((node) => node === 'iad').length
  }
  const counts = [0, 150, 300, 2_000].map(awayOf)
  expect(counts[0]).toBe(40)
  expect(counts[1]).toBeLessThan(40)
  expect(counts[2]).toBeLessThan(counts[1] ?? 0)
  expect(counts[2]).toBeGreaterThan(0)
  expect(counts[3]).toBeLessThan(5)
})

test('a node that fails is left alone for longer and longer, and given up in the end for the next best', () => {
  const door = createMoved()
  door.gone.add('iad')
  const returnedBefore = door.placement.counts.returned
  expect(door.away(40)).toBe(0)
  // In 13 s: at once, and twice in between.
  expect(door.placement.counts.returned - returnedBefore).toBeLessThanOrEqual(3)
  door.takesMs['lhr'] = 200
  door.times(3_000)
  expect(door.placement.moved).toMatchObject([{ node: 'lhr' }])
})

test('a node that hangs gets no more than a few', () => {
  const door = createMoved()
  const hang = (): boolean => {
    const placed = door.placement.place({ key: 'default/shop/1', account: 'default', functionName: 'shop' }, { isComparable: false, clientKey: '', regions: ['*'] }, door.nowMs)
    door.nowMs += 50
    return placed.node === 'iad'
  }
  const hung = Array.from({ length: 600 }, hang).filter(Boolean).length
  // Those of the first two seconds, and two at a time after 5, 10 and 20.
  expect(hung).toBeLessThan(60)
  expect(hung).toBeGreaterThan(30)
})

test('returns when it takes as long there, and when it fails there', () => {
  const slow = createMoved()
  slow.takesMs['iad'] = 400
  slow.times(40)
  expect(slow.placement.moved).toEqual([])
  expect(slow.placement.moves).toBe(2)
  const failing = createMoved()
  failing.statusAt['iad'] = 502
  failing.times(40)
  expect(failing.placement.moved).toEqual([])
  // It was quick to fail, and is not taken for quick.
  failing.takesMs['iad'] = 20
  failing.times(2_000)
  expect(failing.placement.moved).not.toMatchObject([{ node: 'iad' }])
})

test('finds the back end again where it has moved, and does not try while it is down', () => {
  const door = createMoved()
  door.takesMs = { fra: 530, iad: 800, lhr: 560, sin: 180, gru: 900 }
  door.times(2_000)
  expect(door.placement.moved).toMatchObject([{ node: 'sin' }])
  door.statusAt = { fra: 502, sin: 502, iad: 502, lhr: 502, gru: 502 }
  door.times(100)
  const { tried } = door.placement.counts
  door.times(1_000)
  expect(door.placement.counts.tried).toBe(tried)
})

test('a node that is quick by turns does not win by its luck', () => {
  const door = createDoor({ seed: 3 })
  let turn = 0
  Object.defineProperty(door.takesMs, 'iad', { get: () => ((turn += 1) % 10 === 0 ? 4_000 : 60) })
  door.times(5_000)
  expect(door.placement.moved).toEqual([])
})

test('a node that lies about its place is tried sooner, and no more', () => {
  const door = createDoor()
  const liar = door.nodes.find(({ name }) => name === 'iad')
  door.change('sin', { latitude: liar?.latitude ?? 0, longitude: liar?.longitude ?? 0 })
  door.times(3_000)
  expect(door.placement.moved).toMatchObject([{ node: 'iad' }])
})

test('trials cost little of the time that all requests take', () => {
  const door = createDoor()
  for (const name of ['iad', 'lhr', 'sin', 'gru']) door.takesMs[name] = 600
  door.times(20_000)
  const extra = door.placement.counts.tried * (600 / 340 - 1)
  expect(extra).toBeLessThan(placementSettings.creditMax + 0.01 * 20_000)
  expect(door.placement.counts.tried).toBeGreaterThan(20)
})

test('the next version is tried first where the one before runs, and what is kept is bounded', () => {
  const door = createMoved()
  let asked = 0
  while (door.ask({ key: 'default/shop/2' }) === 'fra' && asked < 100) asked += 1
  expect(asked).toBeLessThan(30)
  expect(door.times(30, { key: 'default/shop/2' })).not.toContain('sin')
  for (let index = 0; index < 2 * placementSettings.versionsMax; index += 1) door.ask({ key: `default/other/${index}` })
  expect(door.placement.moved).toEqual([])
})
