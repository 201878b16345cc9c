import { describe, expect, test } from 'vitest'
import { createRandom } from '../../../test/helpers/random.ts'
import { mayEject } from './ejection.ts'
import { healthRules, type NodeCondition, NodeHealth } from './node-health.ts'

const checkMs = 500

/** A node's health with a clock of its own. */
class Watched {
  readonly changes: { readonly condition: NodeCondition; readonly atMs: number }[] = []
  nowMs = 1_000
  readonly health: NodeHealth

  constructor(mayBeEjected: () => boolean = () => true) {
    this.health = new NodeHealth({ onChange: (condition) => this.changes.push({ condition, atMs: this.nowMs }), mayEject: mayBeEjected })
  }

  /** Good checks at the usual interval. */
  well(ms: number): void {
    for (let passed = 0; passed < ms; passed += checkMs) {
      this.nowMs += checkMs
      this.health.checked(true, this.nowMs)
    }
  }

  /** Until it takes requests again, in ms; good checks all the while. */
  msUntilHealthy(): number {
    const startedMs = this.nowMs
    while (!this.health.isHealthy) this.well(checkMs)
    return this.nowMs - startedMs
  }
}

function upNode(mayBeEjected?: () => boolean): Watched {
  const node = new Watched(mayBeEjected)
  node.health.checked(true, node.nowMs)
  expect(node.health.condition).toBe('up')
  return node
}

describe('checks', () => {
  test('a refused one counts at once, one without an answer the second time', () => {
    const refused = upNode()
    refused.health.unreachable(refused.nowMs)
    expect(refused.health.condition).toBe('down')
    const silent = upNode()
    silent.health.checkSilent(silent.nowMs)
    silent.health.checked(true, silent.nowMs)
    silent.health.checkSilent(silent.nowMs)
    expect(silent.health.condition).toBe('up')
    silent.health.checkSilent(silent.nowMs)
    expect(silent.health.condition).toBe('down')
  })

  test('each fall within the calm time doubles how long all must be well; the time itself is bounded', () => {
    const node = upNode()
    const outs = Array.from({ length: 10 }, () => {
      node.health.unreachable(node.nowMs)
      return node.msUntilHealthy()
    })
    for (const [index, outMs] of outs.entries()) {
      expect(outMs).toBeGreaterThanOrEqual(Math.min(healthRules.outMsMax, healthRules.outMs * 2 ** index))
      expect(outMs).toBeLessThanOrEqual(healthRules.outMsMax + 2 * checkMs)
    }
    node.well(healthRules.calmMs + 2 * healthRules.outMsMax)
    node.health.unreachable(node.nowMs)
    expect(node.msUntilHealthy()).toBeLessThanOrEqual(healthRules.outMs + 2 * checkMs)
  })

  test('a bad check begins the time anew, and a node that starts again says so without passing for one that drains', () => {
    const node = upNode()
    node.health.unreachable(node.nowMs)
    node.well(checkMs)
    node.health.checkSilent(node.nowMs)
    node.well(checkMs)
    node.health.checked(false, node.nowMs)
    expect(node.health.condition).toBe('down')
    expect(node.msUntilHealthy()).toBeGreaterThanOrEqual(healthRules.outMs)
  })

  test('a node that drains and is gone for a while has not failed', () => {
    const node = upNode()
    for (let restart = 0; restart < 5; restart += 1) {
      node.health.checked(false, node.nowMs)
      for (let index = 0; index < healthRules.faultsInARow; index += 1) node.health.fault(node.nowMs)
      expect(node.health.condition).toBe('draining')
      node.health.unreachable(node.nowMs)
      expect(node.msUntilHealthy()).toBeLessThanOrEqual(healthRules.outMs + 2 * checkMs)
    }
  })

  test('a node that answers its checks far later than it used to is ejected until it does not', () => {
    const node = upNode()
    node.health.checked(true, node.nowMs, true)
    expect(node.health.condition).toBe('ejected')
    node.nowMs += healthRules.outMsMax
    node.health.checked(true, node.nowMs, true)
    expect(node.health.condition).toBe('ejected')
    node.msUntilHealthy()
    expect(node.health.condition).toBe('trial')
  })
})

describe('traffic', () => {
  test('faults in a row eject, with answers between them only a share does', () => {
    const inARow = upNode()
    for (let index = 0; index < healthRules.faultsInARow; index += 1) inARow.health.fault(inARow.nowMs)
    expect(inARow.health.condition).toBe('ejected')
    const few = upNode()
    for (let index = 0; index < 1_000; index += 1) {
      few.nowMs += 10
      if (index % 8 === 0) few.health.fault(few.nowMs)
      else few.health.answered(few.nowMs)
    }
    expect(few.health.condition).toBe('up')
    const many = upNode()
    for (let index = 0; index < 100; index += 1) {
      if (index % 4 === 0) many.health.fault(many.nowMs)
      else many.health.answered(many.nowMs)
    }
    expect(many.changes.at(-1)?.condition).toBe('ejected')
  })

  test('who comes back takes a few requests at a time, more as they are answered, and falls again by one fault', () => {
    const node = upNode()
    node.health.unreachable(node.nowMs)
    node.msUntilHealthy()
    const limits: number[] = []
    for (;;) {
      const { trialMax } = node.health
      if (trialMax === undefined) break
      if (limits.at(-1) !== trialMax) limits.push(trialMax)
      node.health.answered(node.nowMs)
    }
    expect(limits).toEqual([4, 8, 16, 32, 64])
    expect(node.health.condition).toBe('up')
    node.health.unreachable(node.nowMs)
    node.msUntilHealthy()
    node.health.fault(node.nowMs)
    expect(node.health.condition).toBe('ejected')
    node.msUntilHealthy()
    node.well(healthRules.trialMs)
    expect(node.health.condition).toBe('up')
  })

  test('nobody is ejected while nobody is left, too many are out already, or the others fail as often', () => {
    const up = { condition: 'up', isSluggish: false, requests: 100, faults: 0 } as const
    const bad = { ...up, faults: 50 }
    const out = { ...up, condition: 'ejected' } as const
    expect(mayEject(bad, [up])).toBe(true)
    expect(mayEject(bad, [])).toBe(false)
    expect(mayEject(bad, [{ ...up, condition: 'down' }, { ...up, condition: 'draining' }])).toBe(false)
    expect(mayEject(bad, [out, up])).toBe(false)
    expect(mayEject(bad, [out, up, up, up, up])).toBe(true)
    expect(mayEject(bad, [bad, bad])).toBe(false)
    expect(mayEject({ ...up, isSluggish: true }, [{ ...up, isSluggish: true }])).toBe(false)
  })
})

test.each([1, 2, 3, 4])('whatever happens (seed %i): the traffic ejects not all, nobody flaps faster than the damping, all come back', (seed) => {
  const random = createRandom(seed)
  const count = random.between(2, 7)
  const nodes: Watched[] = Array.from({ length: count }, (_, index) => new Watched(() => {
    const records = nodes.map(({ health, nowMs }) => ({ condition: health.condition, isSluggish: false, ...health.recent(nowMs) }))
    const [own] = records.splice(index, 1)
    return own !== undefined && mayEject(own, records)
  }))
  for (const { health } of nodes) health.checked(true, 0)
  let nowMs = 1_000
  for (let step = 0; step < 8_000; step += 1) {
    nowMs += random.next() * 200
    for (const node of nodes) node.nowMs = nowMs
    const node = nodes[random.between(0, count - 1)] as Watched
    const wasEjected = nodes.filter(({ health }) => health.condition === 'ejected').length
    const kind = random.next()
    if (kind < 0.55) node.health.checked(true, nowMs)
    else if (kind < 0.65) node.health.answered(nowMs)
    else if (kind < 0.95) node.health.fault(nowMs)
    else if (kind < 0.97) node.health.checkSilent(nowMs)
    else if (kind < 0.98) node.health.checked(false, nowMs)
    else if (kind < 0.99) node.health.unreachable(nowMs)
    const ejected = nodes.filter(({ health }) => health.condition === 'ejected').length
    if (ejected > wasEjected) {
      expect(ejected).toBeLessThanOrEqual(Math.max(1, Math.floor(count * 0.34)))
      expect(nodes.some(({ health }) => health.condition === 'up' || health.condition === 'trial')).toBe(true)
    }
  }
  for (const { changes, health } of nodes) {
    let [falls, fellAtMs] = [0, Number.NEGATIVE_INFINITY]
    for (const [index, { condition, atMs }] of changes.entries()) {
      const before = changes[index - 1]?.condition
      if (condition === 'ejected' || (condition === 'down' && before !== 'ejected')) {
        if (before !== 'draining' && before !== undefined) falls += 1
        fellAtMs = atMs
      } else if (condition === 'trial') {
        expect(atMs - fellAtMs).toBeGreaterThanOrEqual(healthRules.outMs)
      } else if (condition === 'up') {
        expect(before).not.toBe('down')
        expect(before).not.toBe('ejected')
      }
    }
    expect(falls).toBeGreaterThan(0)
    // As often as it fell, it was out for most of the time: it can not have come back often.
    expect(falls).toBeLessThan(nowMs / (healthRules.outMsMax / 8))
    for (let wellMs = 0; wellMs < 2 * healthRules.outMsMax + healthRules.trialMs; wellMs += checkMs) health.checked(true, nowMs + wellMs)
    expect(health.condition).toBe('up')
  }
})
