import { describe, expect, it, test } from 'vitest'
import { descriptorLimit, shareDescriptors } from './descriptor-limit.ts'
import { FairAdmission } from './fair-admission.ts'
import { type UnreadHolder, UnreadBytes } from './unread-bytes.ts'
import { LoadShedder } from './load-shedder.ts'
import { Pace } from './pace.ts'
import { RetryBudget } from './retry-budget.ts'
import { StandingDelay } from './standing-delay.ts'
import { UploadBrake } from './upload-brake.ts'

describe('a standing delay', () => {
  const feed = (delay: StandingDelay, fromMs: number, delays: readonly number[]) =>
    delays.map((delayMs, index) => delay.sample(fromMs + index * 50, delayMs)).findLast((finding) => finding !== undefined)

  it('is one that no sample of an interval was below', () => {
    const delay = new StandingDelay({ targetMs: 50, intervalMs: 200 })
    expect(feed(delay, 0, [80, 90, 20, 500, 900])).toEqual({ leastMs: 20, isStanding: false })
    expect(feed(delay, 1_000, [80, 51, 60, 70, 900])).toEqual({ leastMs: 51, isStanding: true })
  })

  it('is over only well below its target', () => {
    const delay = new StandingDelay({ targetMs: 50, intervalMs: 200 })
    feed(delay, 0, [60, 60, 60, 60, 60])
    expect(feed(delay, 1_000, [30, 40, 30, 30, 30])?.isStanding).toBe(true)
    expect(feed(delay, 2_000, [20, 40, 30, 30, 30])?.isStanding).toBe(false)
  })

  it('is not told by one long pause', () => {
    const delay = new StandingDelay({ targetMs: 50, intervalMs: 200 })
    expect(delay.sample(0, 800)).toBeUndefined()
    expect(delay.sample(900, 800)).toBeUndefined()
  })
})

/** A server with one queue and a clock of its own: so many requests a second come in for each function, so many are served. */
class Simulation {
  readonly shedder = new LoadShedder({ targetMs: 50, intervalMs: 200, levelMin: 4 })
  readonly refused = new Map<string, number>()
  readonly served = new Map<string, number>()
  queueMs = 0
  #nowMs = 0
  readonly #due = new Map<string, number>()

  /** @param costMs time that one request takes; a refusal takes `refusalMs` */
  run(durationMs: number, perSecond: Readonly<Record<string, number>>, costMs: number, refusalMs = 0): void {
    this.refused.clear()
    this.served.clear()
    const stepMs = 5
    for (const endMs = this.#nowMs + durationMs; this.#nowMs < endMs; this.#nowMs += stepMs) {
      this.queueMs = Math.max(0, this.queueMs - stepMs)
      const rates = Object.entries(perSecond)
      for (const [index, [name, rate]] of rates.entries()) {
        // They do not ask all at once.
        let due = (this.#due.get(name) ?? index / rates.length) + (rate * stepMs) / 1_000
        for (; due >= 1; due -= 1) this.#offer(name, costMs, refusalMs)
        this.#due.set(name, due)
      }
      if (this.#nowMs % 25 === 0) this.shedder.sample(this.#nowMs, this.queueMs)
    }
  }

  #offer(name: string, costMs: number, refusalMs: number): void {
    const [party = '', member = ''] = name.split('/')
    const isAdmitted = this.shedder.admit(party, member)
    const counts = isAdmitted ? this.served : this.refused
    counts.set(name, (counts.get(name) ?? 0) + 1)
    this.queueMs += isAdmitted ? costMs : refusalMs
  }
}

describe('the shedder', () => {
  it('refuses nobody while there is room', () => {
    const simulation = new Simulation()
    simulation.run(10_000, { 'a/flood': 800, 'a/quiet': 50 }, 1)
    expect(simulation.refused.size).toBe(0)
  })

  it.each([['of another account', 'b/quiet'], ['of the same account', 'a/quiet']])('holds a flood back and refuses nothing of a function %s', (_name, quiet) => {
    const simulation = new Simulation()
    simulation.run(10_000, { 'a/flood': 5_000, [quiet]: 100 }, 1)
    expect(simulation.refused.get('a/flood')).toBeGreaterThan(20_000)
    expect(simulation.refused.get(quiet)).toBeUndefined()
    // Most of what can be served still is, and the queue does not grow with the flood.
    simulation.run(10_000, { 'a/flood': 5_000, [quiet]: 100 }, 1)
    expect(simulation.served.get('a/flood')).toBeGreaterThan(5_000)
    expect(simulation.queueMs).toBeLessThan(1_000)
    expect(simulation.refused.get(quiet)).toBeUndefined()
  })

  it('waits for what it let in before to drain, and does not hold everybody to next to nothing meanwhile', () => {
    const simulation = new Simulation()
    simulation.run(1_000, { 'a/flood': 6_000, 'a/quiet': 300 }, 1)
    expect(simulation.queueMs).toBeGreaterThan(500)
    simulation.run(10_000, { 'a/flood': 6_000, 'a/quiet': 300 }, 1)
    expect(simulation.refused.get('a/quiet')).toBeUndefined()
  })

  it('holds an account of many functions to the share of one', () => {
    const simulation = new Simulation()
    const flood = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`many/${index}`, 100]))
    simulation.run(10_000, { ...flood, 'one/quiet': 200 }, 1)
    expect(simulation.refused.get('one/quiet')).toBeUndefined()
    expect([...simulation.refused.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(20_000)
  })

  it('holds an account back whose members ask rarely, but are thousands', () => {
    const simulation = new Simulation()
    const flood = Object.fromEntries(Array.from({ length: 4_000 }, (_, index) => [`many/${index}`, 1]))
    simulation.run(5_000, { ...flood, 'one/quiet': 100 }, 1)
    simulation.run(10_000, { ...flood, 'one/quiet': 100 }, 1)
    expect(simulation.refused.get('one/quiet')).toBeUndefined()
    expect(simulation.queueMs).toBeLessThan(1_000)
    expect([...simulation.served.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(5_000)
  })

  it('does not go on refusing more where refusing is what takes the time', () => {
    const simulation = new Simulation()
    simulation.run(20_000, { 'a/flood': 20_000, 'b/quiet': 100 }, 0.5, 0.1)
    expect(simulation.refused.get('b/quiet')).toBeUndefined()
  })

  it('lets everybody in again when it is over', () => {
    const simulation = new Simulation()
    simulation.run(5_000, { 'a/flood': 3_000 }, 1)
    expect(simulation.shedder.isShedding).toBe(true)
    simulation.run(3_000, { 'a/quiet': 800 }, 1)
    simulation.run(1_000, { 'a/quiet': 800 }, 1)
    expect(simulation.refused.size).toBe(0)
    expect(simulation.shedder.isShedding).toBe(false)
  })
})

test('what is told apart is bounded, and forgotten', () => {
  const admission = new FairAdmission(4)
  for (let index = 0; index < 30_000; index += 1) admission.admit(`host-${index}`, 'x')
  admission.fade(0)
  admission.tighten()
  expect(admission.isLimiting).toBe(true)
  // All beyond the bound share one entry, and so are the heaviest.
  expect(admission.admit('host-29999', 'x')).toBe(false)
  expect(admission.admit('host-1', 'x')).toBe(true)
  admission.fade(60_000)
  expect(admission.admit('host-29999', 'x')).toBe(true)
})

describe('unread bytes', () => {
  const holder = (gone: string[], name: string, party = 'a'): UnreadHolder => ({ party, giveUp: () => gone.push(name) })

  it('gives up who has held for longest, and no more than it must', () => {
    const gone: string[] = []
    const held = new UnreadBytes(100)
    const [first, second, third] = ['first', 'second', 'third'].map((name) => holder(gone, name)) as [UnreadHolder, UnreadHolder, UnreadHolder]
    held.add(first, 40)
    held.add(second, 40)
    held.clear(first)
    held.add(first, 40)
    held.add(third, 40)
    expect(gone).toEqual(['second'])
    expect([held.bytes, held.givenUp]).toEqual([80, 1])
    held.clear(first)
    held.clear(first)
    held.clear(third)
    expect(held.bytes).toBe(0)
  })

  it('takes from the account that holds most, however long others have held', () => {
    const gone: string[] = []
    const held = new UnreadBytes(100)
    held.add(holder(gone, 'patient', 'b'), 30)
    for (let index = 0; index < 10; index += 1) held.add(holder(gone, `flood ${index}`), 20)
    expect(gone).toEqual(Array.from({ length: 7 }, (_, index) => `flood ${index}`))
  })
})

describe('the pace of a body', () => {
  const options = { bytesPerSecondMin: 1_000, windowMs: 30_000 }

  it('is too slow where bytes come only to keep the time-outs away', () => {
    const pace = new Pace(options)
    pace.wait(0)
    expect(pace.receive(29_000, 1)).toBe(true)
    expect(pace.receive(58_000, 1)).toBe(false)
  })

  it('counts only the time in which the peer was waited for', () => {
    const pace = new Pace(options)
    pace.wait(0)
    expect(pace.receive(1_000, 1_000)).toBe(true)
    pace.rest(1_000)
    pace.wait(500_000)
    expect(pace.receive(501_000, 10)).toBe(true)
  })

  it('is judged anew in each window, so that a good start buys no hold', () => {
    const pace = new Pace(options)
    pace.wait(0)
    expect(pace.receive(30_000, 50_000_000)).toBe(true)
    expect(pace.receive(59_000, 1)).toBe(true)
    expect(pace.receive(88_000, 1)).toBe(false)
  })

  it('may be any where the operator wants none', () => {
    const pace = new Pace({ ...options, bytesPerSecondMin: 0 })
    pace.wait(0)
    expect(pace.receive(900_000, 1)).toBe(true)
  })
})

describe('the retry budget', () => {
  it('lets a few be repeated, and of many a fifth', () => {
    const budget = new RetryBudget()
    let few = 0
    for (let index = 0; index < 5; index += 1) {
      budget.deposit(index * 200)
      if (budget.withdraw(index * 200)) few += 1
    }
    expect(few).toBe(5)
    let repeated = 0
    const requests = 100_000
    for (let index = 0; index < requests; index += 1) {
      const nowMs = 1_000 + index / 10
      budget.deposit(nowMs)
      if (budget.withdraw(nowMs)) repeated += 1
    }
    expect(repeated / requests).toBeGreaterThan(0.19)
    expect(repeated / requests).toBeLessThan(0.22)
    expect(budget.denied).toBe(requests - repeated)
  })

  it('saves nothing up for long', () => {
    const budget = new RetryBudget()
    for (let index = 0; index < 100_000; index += 1) budget.deposit(index / 10)
    let repeated = 0
    while (budget.withdraw(200_000)) repeated += 1
    expect(repeated).toBeLessThan(50)
  })
})

test('uploads wait for a cell that does not keep up', () => {
  const brake = new UploadBrake()
  const queue = { delayMs: () => 0, backlogBytes: 1_000 }
  let resumed = 0
  const resume = (): void => void (resumed += 1)
  expect(brake.hold(undefined, resume)).toBe(false)
  expect(brake.hold(queue, resume)).toBe(false)
  queue.backlogBytes = 64 * 1024 * 1024
  expect(brake.hold(queue, resume)).toBe(true)
  brake.look()
  expect(resumed).toBe(0)
  queue.backlogBytes = 1_024
  brake.look()
  brake.look()
  expect([resumed, brake.waiting]).toEqual([1, 0])
})

describe('descriptors', () => {
  it('are read from the system', () => {
    expect(descriptorLimit(() => 'Limit   Soft Limit  Hard Limit  Units\nMax open files            512                  4096       files\n')).toBe(512)
    expect(descriptorLimit(() => 'Max open files            unlimited            unlimited  files\n')).toBe(Number.POSITIVE_INFINITY)
    expect(descriptorLimit(() => {
      throw new Error('no such file')
    })).toBe(1_024)
  })

  it.each([64, 256, 1_024, 65_536, Number.POSITIVE_INFINITY])('of %d are never all given to connections', (limit) => {
    const { incoming, outgoing } = shareDescriptors(limit)
    expect(incoming).toBeGreaterThan(0)
    expect(incoming + outgoing).toBeLessThanOrEqual(Math.max(limit * 0.75, limit - 1_024))
    expect(incoming).toBeLessThanOrEqual(50_000)
  })
})
