import type { Ledger } from '../ledger.ts'
import type { Failure, Tally } from '../load/tally.ts'
import { isSafe } from '../load/client.ts'
import type { Timeline } from '../timeline.ts'
import { type Check, check, type Finding } from './check.ts'

/** Errors of well-behaved functions that are allowed, as a share of their requests. */
export const errorShareMax = 0.0001
/** Of fewer requests, as in a short run, a share that small says nothing: one error more or less is the dice. So many may fail then. */
const tellingRequests = 30_000
const fewErrors = 3

/** An unsafe request that had begun in what was killed. */
export const isExcused = (failure: Failure, timeline: Timeline): boolean =>
  failure.kind === 'error' && !isSafe(failure.method) && timeline.wasKilledUnder(failure)

/** What clients were answered. */
export function requestChecks(tally: Tally, ledger: Ledger, timeline: Timeline): readonly Check[] {
  const { failures } = tally
  const ofKind = (kind: Failure['kind']): Finding[] => failures.filter((failure) => failure.kind === kind).map(toFinding)
  const errors = failures.filter(({ kind }) => kind === 'error')
  return [
    check('no wrong answer', ofKind('wrong answer')),
    check("no answer of another function's, or to another request", ofKind("another's answer")),
    check('no answer of two versions, or of one that is not', ofKind('mixed versions')),
    check('no safe request fails', errors.filter(({ method }) => isSafe(method)).map(toFinding)),
    check('an unsafe request fails only where it had begun in what was killed',
      errors.filter((failure) => !isSafe(failure.method) && !isExcused(failure, timeline)).map(toFinding)),
    errorShareCheck(errors.length, tally.requests),
    check('a client has to ask again only while something on the way is killed or stopped', tally.repeats
      .filter((repeat) => !timeline.wasDisrupted({ fromMs: repeat.fromMs, toMs: repeat.atMs, doors: repeat.doors }))
      .map(({ reason, request, atMs, doors }) => ({ atMs, text: `${request}: ${reason}${doors.length === 0 ? '' : ` at ${doors.join(', ')}`}` }))),
    check('what is not to be done twice is done once where it was answered, and never twice', [
      ...tally.counted.filter((nonce) => ledger.counted.get(nonce) !== 1).map((nonce) => `${nonce} was answered, and done ${ledger.counted.get(nonce) ?? 0} times`),
      ...[...ledger.counted].filter(([, times]) => times > 1).map(([nonce, times]) => `${nonce} was done ${times} times`),
    ]),
    check('what waitUntil promised follows, but where its process was killed', tally.awaited
      .filter(({ nonce, atMs, node }) => !ledger.later.has(nonce) && !timeline.wasKilledUnder({ fromMs: atMs, toMs: atMs + laterMs, doors: [node] }))
      .map(({ nonce, atMs, node }) => ({ atMs, text: `${nonce} at ${node}` }))),
  ]
}

function errorShareCheck(errors: number, requests: number): Check {
  const found = `${errors} of ${requests} failed`
  if (requests < tellingRequests) return check(`no more than ${fewErrors} of ${requests} requests fail`, errors > fewErrors ? [found] : [])
  return check(`fewer than ${errorShareMax * 100} % of the requests fail`, errors >= requests * errorShareMax ? [found] : [])
}

/** A function's `waitUntil` is done by then, unless it was stopped. */
const laterMs = 2_500

function toFinding({ request, client, method, detail, toMs, fromMs, doors }: Failure): Finding {
  return { atMs: toMs, text: `${method} ${request} by ${client} after ${Math.round(toMs - fromMs)} ms${doors.length === 0 ? '' : ` at ${doors.join(', ')}`}: ${detail}` }
}
