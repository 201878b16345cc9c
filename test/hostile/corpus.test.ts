import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { until } from '../helpers/until.ts'
import { carryOut, codesOf, endOf } from './corpus/carry-out.ts'
import { type Attack, loadCorpus } from './corpus/corpus.ts'
import { bystander, type HostileEdge, lanes, startHostileEdge } from './corpus/hostile-edge.ts'
import { type NeighbourLoad, percentile99, secretOf, startNeighbourLoad } from './corpus/neighbour.ts'
import { crowding } from './corpus/slowness.ts'

/**
 * Every function of the corpus against a real node, over HTTP: what it comes to, that the operator is told who did it, and that its neighbours go
 * on undisturbed, one of its own account in the same cell, one of another account. See `corpus/outcome.ts`.
 */
const themes = await loadCorpus()
const attacks = themes.flatMap((theme) => theme.attacks)
/** An attack belongs to one lane, and a lane has one attack at a time. */
const laneOfAttack = new Map(themes.flatMap((theme) => theme.attacks.map((attack, index) => [attack, lanes[index % lanes.length] as string] as const)))
const laneOf = (attack: Attack): string => laneOfAttack.get(attack) as string

const neighbourPauseMs = 8
const quietAnswers = 40
/** Below this a neighbour's time says nothing but that the machine does other things too. */
const p99FloorMs = 40
/** How far beyond what it may rise to the p99 is let, since samples are few here; `npm run bench:neighbours` has them in plenty. */
const p99Slack = 4

let hostile: HostileEdge
/** Of the bystander, while nobody attacks. */
const quietMs: number[] = []
const bystanderBorn = new Set<string>()
const stderr: string[] = []
const lanesFree = new Map<string, Promise<void>>(lanes.map((lane) => [lane, Promise.resolve()]))

beforeAll(async () => {
  hostile = await startHostileEdge()
  await hostile.deploy(attacks, laneOf)
  // Their isolates are loaded.
  for (const account of [...lanes, bystander]) await hostile.askNeighbour(account)
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr.push(String(chunk))
    return true
  })
}, 120_000)
afterAll(async () => {
  vi.restoreAllMocks()
  await hostile.close()
}, 60_000)

/** Runs one task of a lane after the other. */
async function inLane(lane: string, task: () => Promise<void>): Promise<void> {
  const before = lanesFree.get(lane)
  const { promise, resolve } = Promise.withResolvers<void>()
  lanesFree.set(lane, promise)
  await before
  try {
    await task()
  } finally {
    resolve()
  }
}

test('is large, and every function in it is another', () => {
  expect(attacks.length).toBeGreaterThanOrEqual(80)
  expect(new Set(attacks.map(({ script }) => script.replace(/\/\/.*|\s/g, ''))).size).toBe(attacks.length)
})

describe.each(themes)('$name', ({ attacks: ofTheme }) => {
  let others: NeighbourLoad
  let own: readonly NeighbourLoad[] = []

  beforeAll(async () => {
    others = startNeighbourLoad(() => hostile.askNeighbour(bystander), neighbourPauseMs)
    await others.more(quietAnswers)
    quietMs.push(...others.record.timesMs.splice(0))
    own = lanes.map((lane) => startNeighbourLoad(() => hostile.askNeighbour(lane), neighbourPauseMs))
  }, 60_000)

  for (const attack of ofTheme) {
    test.concurrent(attack.functionName, { timeout: 90_000 }, async () => {
      await inLane(laneOf(attack), () => expectOutcome(attack, laneOf(attack)))
    })
  }

  test('nobody else noticed', { timeout: 90_000 }, async () => {
    const { faults, timesMs, born } = await others.stop()
    expect(faults).toEqual([])
    for (const load of own) expect((await load.stop()).faults).toEqual([])
    expect(hostile.origins.intrusions).toEqual([])
    // No cell but that of an attacker was ended: the isolate that answered first answers still.
    for (const isolate of born) bystanderBorn.add(isolate)
    expect(bystanderBorn.size, stderr.join('')).toBe(1)
    const ratio = Math.max(...ofTheme.map(({ outcome }) => outcome.neighbourRatio ?? 2))
    const bound = Math.max(percentile99(quietMs), p99FloorMs) * ratio * p99Slack
    const p99 = percentile99(timesMs)
    if (p99 > bound) expect(p99 / crowding()).toBeLessThanOrEqual(bound)
    await until('nothing of the attacks is left', () => hostile.edge.runtime.status().requestsInFlight === 0, 40_000)
  })
})

async function expectOutcome(attack: Attack, lane: string): Promise<void> {
  const { functionName, outcome } = attack
  if (outcome.failsToLoad === true) await expect(hostile.tryOut(attack, lane)).rejects.toMatchObject({ code: 'load_failed' })
  const before = await hostile.askNeighbour(lane)
  const said = stderr.length
  const endings = await Promise.all(Array.from({ length: outcome.atOnce ?? 1 }, () => carryOut(hostile, attack, lane)))
  for (const { ended, text, headers } of endings) {
    expect(ended).toEqual(endOf(outcome, ended))
    for (const account of [...lanes, bystander]) expect(text).not.toContain(secretOf(account))
    for (const [name, value] of Object.entries(outcome.headers ?? {})) expect(headers[name] ?? null, name).toBe(value)
  }
  const codes = codesOf(outcome)
  if (codes.length > 0) expect(await hostile.told(functionName, lane, codes)).toMatchObject({ level: 'error', text: expect.stringMatching(/./) })
  const after = await hostile.askNeighbour(lane)
  if (after.born === before.born) return
  // What interrupts an isolate from inside its cell needs a core for it.
  if (outcome.cell !== 'replaced') expect(crowding(), `the cell was replaced: ${stderr.slice(said).join('')}`).toBeGreaterThan(2)
  expect(stderr.slice(said).join('')).toContain(`${lane}/${functionName}`)
}
