import { HostOperation } from '../../bridge/index.ts'
import { callHost, currentRequestId, setCurrentRequestId } from '../host.ts'
import { reflectApply } from '../primordials.ts'
import { reportException } from '../report-exception.ts'
import { requireArguments, toDomString } from '../webidl.ts'
import { toLong } from '../webidl/numbers.ts'

/** https://html.spec.whatwg.org/#timers */

interface Timer {
  readonly callback: (...parameters: unknown[]) => unknown
  readonly parameters: readonly unknown[]
  readonly owner: number
  /** Undefined for a timer that fires once. */
  readonly intervalMs: number | undefined
}

/** The timers of this isolate, by id. Not shared: an isolate runs one version. */
const timers = new Map<number, Timer>()
const counter = { lastId: 0 }
/** `then` of a resolved promise, as it was before user code could patch it. */
const enqueue = Promise.prototype.then.bind(Promise.resolve())
/** Called by another name it runs in the global scope. */
// oxlint-disable-next-line eslint/no-eval -- HTML's timers take text; isolates confine what it does
const evaluate = globalThis.eval

/** Starts a timer of the current request; answers with its id. Throws a RangeError where the isolate has as many as it may. */
export function startTimer(callback: Timer['callback'], delayMs: number, parameters: readonly unknown[] = [], repeats = false): number {
  counter.lastId += 1
  const id = counter.lastId
  const owner = currentRequestId()
  timers.set(id, { callback, parameters, owner, intervalMs: repeats ? Math.max(delayMs, 1) : undefined })
  if (callHost(HostOperation.timerStart, id, delayMs, owner) === false) {
    timers.delete(id)
    throw new RangeError('Too many timers are running: await or clear some first')
  }
  return id
}

export function stopTimer(id: number): void {
  if (timers.delete(id)) callHost(HostOperation.timerClear, id)
}

/** The event `timer`. Never throws. */
export function fireTimer(id: number): void {
  const timer = timers.get(id)
  if (timer === undefined) return
  setCurrentRequestId(timer.owner)
  if (timer.intervalMs === undefined) timers.delete(id)
  try {
    reflectApply(timer.callback, globalThis, timer.parameters as unknown[])
  } catch (thrown) {
    reportException(thrown)
  }
  if (timer.intervalMs !== undefined && timers.has(id)) callHost(HostOperation.timerStart, id, timer.intervalMs, timer.owner)
}

/** Whether timers of the request are running. */
export function ownsTimers(requestId: number): boolean {
  for (const timer of timers.values()) if (timer.owner === requestId) return true
  return false
}

/** The request is over: its timers go with it. */
export function forgetTimers(requestId: number): void {
  if (timers.size === 0) return
  for (const [id, timer] of timers) {
    if (timer.owner === requestId) stopTimer(id)
  }
}

/** https://html.spec.whatwg.org/#timer-initialisation-steps. What is negative counts as 0. */
function start(handler: unknown, delay: unknown, parameters: readonly unknown[], repeats: boolean): number {
  const callback = toTimerHandler(handler)
  return startTimer(callback, Math.max(toLong(delay), 0), parameters, repeats)
}

/** TimerHandler: text is run as a script in the global scope, as `eval` is, which isolates have anyway. */
function toTimerHandler(handler: unknown): Timer['callback'] {
  if (typeof handler === 'function') return handler as Timer['callback']
  const script = toDomString(handler)
  return () => evaluate(script)
}

export function setTimeout(handler: unknown, delay: unknown = 0, ...parameters: unknown[]): number {
  requireArguments(arguments.length, 1, 'setTimeout')
  return start(handler, delay, parameters, false)
}

export function setInterval(handler: unknown, delay: unknown = 0, ...parameters: unknown[]): number {
  requireArguments(arguments.length, 1, 'setInterval')
  return start(handler, delay, parameters, true)
}

export function clearTimeout(id: unknown = 0): void {
  stopTimer(toLong(id))
}

export function clearInterval(id: unknown = 0): void {
  stopTimer(toLong(id))
}

/** https://html.spec.whatwg.org/#dom-queuemicrotask */
export function queueMicrotask(callback: unknown): void {
  if (typeof callback !== 'function') throw new TypeError('queueMicrotask takes a function')
  // An async function's rejection is lost with its promise; the job itself reports what it throws.
  void enqueue(() => {
    try {
      reflectApply(callback, undefined, [])
    } catch (thrown) {
      reportException(thrown)
    }
  })
}
