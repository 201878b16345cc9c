import { HostOperation } from '../bridge/index.ts'
import { callHost } from './host.ts'

/**
 * The time as a function sees it. Unless the operator lets it run, it stands still within a turn: it is the time at which the turn began, in
 * whole milliseconds, so that no code can time its own work (../../docs/decisions/0010-time-moves-at-io.md).
 *
 * Invariants: the host is asked once a turn at most, and answers with the turn's beginning whenever it is asked, so that the first look tells
 * nothing of how long the turn ran before. Everything inside that shows a time takes it from here: `Date` and others by ./hardening.
 */
const clock: Clock = { turn: 0, runs: false, wallMs: undefined, steadyMs: undefined, originMs: 0, steadyOriginMs: 0 }

interface Clock {
  turn: number
  runs: boolean
  /** What the host said in this turn; undefined where it was not asked. */
  wallMs: number | undefined
  steadyMs: number | undefined
  originMs: number
  steadyOriginMs: number
}

/** Before a function's code saw it. */
const { now: runningWallTime } = Date

/** The host delivers an event: time may move. */
export function beginTurn(): void {
  clock.turn += 1
  clock.wallMs = undefined
  clock.steadyMs = undefined
}

/** The number of the turn that runs. */
export function currentTurn(): number {
  return clock.turn
}

/**
 * A function moves in. https://w3c.github.io/hr-time/#dfn-time-origin is a millisecond before, so that `performance.now()` is never 0, which code
 * takes for none.
 *
 * @param runs whether time moves within a turn too
 */
export function startClock(runs: boolean): void {
  clock.runs = runs
  clock.originMs = wallTime() - 1
  clock.steadyOriginMs = steadyTime() - 1
}

/** Whole milliseconds since the Unix epoch. */
export function wallTime(): number {
  if (clock.runs) return runningWallTime()
  return (clock.wallMs ??= callHost(HostOperation.now, 0) as number)
}

/** https://w3c.github.io/hr-time/#dom-performance-timeorigin */
export function timeOrigin(): number {
  return clock.originMs
}

/** Milliseconds since the time origin, by a clock that nobody sets. */
export function currentTime(): number {
  return steadyTime() - clock.steadyOriginMs
}

function steadyTime(): number {
  if (clock.runs) return callHost(HostOperation.steadyTime, 0) as number
  return (clock.steadyMs ??= callHost(HostOperation.steadyTime, 0) as number)
}
