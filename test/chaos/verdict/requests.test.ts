import { expect, test, vi } from 'vitest'
import type { Ledger } from '../ledger.ts'
import { type Failure, Tally } from '../load/tally.ts'
import { Timeline } from '../timeline.ts'
import { requestChecks } from './requests.ts'

/** That the chaos test fails where it has to. */

const quiet: Pick<Ledger, 'counted' | 'later'> = { counted: new Map(), later: new Map() }

/** A cluster in which a cell of `fra-1` was killed ten seconds in. */
function timelineWithKill(): Timeline {
  vi.useFakeTimers({ toFake: ['performance'], now: 0 })
  try {
    const timeline = new Timeline()
    vi.advanceTimersByTime(10_000)
    timeline.add('cell killed', 'fra-1')
    return timeline
  } finally {
    vi.useRealTimers()
  }
}

const failureOf = (changes: Partial<Failure>): Failure => ({
  kind: 'error', detail: '502', request: 'count', client: 'invoker', method: 'POST', nonce: 'a', fromMs: 9_900, toMs: 10_100, doors: ['fra-1'], ...changes,
})

function failedChecks(tally: Tally, ledger = quiet): readonly string[] {
  return requestChecks(tally, ledger as Ledger, timelineWithKill()).filter(({ findings }) => findings.length > 0).map(({ name }) => name)
}

const unsafeOnly = 'an unsafe request fails only where it had begun in what was killed'
const errorShare = 'fewer than 0.01 % of the requests fail'

test.each([
  ['an unsafe request in what was killed', {}, []],
  ['a safe one', { method: 'GET' }, ['no safe request fails']],
  ['an unsafe one at another node', { doors: ['iad-1'] }, [unsafeOnly]],
  ['an unsafe one that was over before', { fromMs: 7_000, toMs: 8_000 }, [unsafeOnly]],
  ['an unsafe one that began afterwards', { fromMs: 12_000, toMs: 13_000 }, [unsafeOnly]],
  ['a wrong answer', { kind: 'wrong answer' }, ['no wrong answer']],
  ["another's answer", { kind: "another's answer" }, ["no answer of another function's, or to another request"]],
  ['an answer of two versions', { kind: 'mixed versions' }, ['no answer of two versions, or of one that is not']],
] as const)('%s', (_name, changes, failed) => {
  const tally = new Tally()
  tally.requests = 100_000
  tally.failures.push(failureOf(changes))
  expect(failedChecks(tally)).toEqual(failed)
})

test('too many errors, each of which may be', () => {
  const tally = new Tally()
  tally.requests = 100_000
  for (let index = 0; index < 9; index += 1) tally.failures.push(failureOf({}))
  expect(failedChecks(tally)).toEqual([])
  tally.failures.push(failureOf({}))
  expect(failedChecks(tally)).toEqual([errorShare])
  tally.requests = 20_000
  expect(failedChecks(tally)).toEqual(['no more than 3 of 20000 requests fail'])
  tally.failures.splice(3)
  expect(failedChecks(tally)).toEqual([])
})

test('what was done twice, or was answered and not done', () => {
  const tally = new Tally()
  tally.counted.push('once', 'never')
  const ledger = { ...quiet, counted: new Map([['once', 1], ['twice', 2]]) }
  const [check] = requestChecks(tally, ledger as unknown as Ledger, timelineWithKill()).filter(({ findings }) => findings.length > 0)
  expect(check?.findings.map(({ text }) => text)).toEqual(['never was answered, and done 0 times', 'twice was done 2 times'])
})

test('a client that asked again for no reason, and waitUntil that never came', () => {
  const tally = new Tally()
  tally.repeats.push({ reason: 'refused connection', request: 'echo', fromMs: 20_000, atMs: 20_001, doors: ['gateway-1'] })
  tally.awaited.push({ nonce: 'a', atMs: 20_000, node: 'fra-1' }, { nonce: 'b', atMs: 9_000, node: 'fra-1' })
  expect(failedChecks(tally)).toEqual([
    'a client has to ask again only while something on the way is killed or stopped', 'what waitUntil promised follows, but where its process was killed',
  ])
})
