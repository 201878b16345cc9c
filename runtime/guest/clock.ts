import { HostOperation } from '../bridge/index.ts'
import { callHost } from './host.ts'

/**
 * https://w3c.github.io/hr-time/: the time origin is the first look at the clock in this isolate, which is taken when a function moves in
 * (the event `configure`) and not while the snapshot is built.
 */
const clock: { originMs: number | undefined } = { originMs: undefined }

/** Milliseconds since the Unix epoch, with a fraction; they never go back. */
function wallTime(): number {
  return callHost(HostOperation.now, 0) as number
}

/** https://w3c.github.io/hr-time/#dom-performance-timeorigin */
export function timeOrigin(): number {
  clock.originMs ??= wallTime()
  return clock.originMs
}

/** Milliseconds since the time origin. */
export function currentTime(): number {
  const origin = timeOrigin()
  return wallTime() - origin
}
