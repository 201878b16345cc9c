import { HostOperation } from '../../bridge/index.ts'
import { callHost, currentRequestId, setCurrentRequestId } from '../host.ts'
import { reflectApply } from '../primordials.ts'
import { reportToHost } from '../report-exception.ts'

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
const maximumDelayMs = 0x7fffffff

/** Starts a timer of the current request; answers with its id. */
export function startTimer(callback: Timer['callback'], delayMs: number, parameters: readonly unknown[] = [], repeats = false): number {
  counter.lastId += 1
  const id = counter.lastId
  const owner = currentRequestId()
  timers.set(id, { callback, parameters, owner, intervalMs: repeats ? Math.max(delayMs, 1) : undefined })
  callHost(HostOperation.timerStart, id, delayMs, owner)
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
    reportToHost(thrown)
  }
  if (timer.intervalMs !== undefined && timers.has(id)) callHost(HostOperation.timerStart, id, timer.intervalMs, timer.owner)
}

/** The request is over: its timers go with it. */
export function forgetTimers(requestId: number): void {
  if (timers.size === 0) return
  for (const [id, timer] of timers) {
    if (timer.owner === requestId) stopTimer(id)
  }
}

function start(name: string, handler: unknown, delay: unknown, parameters: readonly unknown[], repeats: boolean): number {
  if (typeof handler !== 'function') throw new TypeError(`${name} takes a function`)
  const delayMs = Number(delay)
  // https://webidl.spec.whatwg.org/#es-long, and what is negative counts as 0. What overflows fires at once, as everywhere.
  const clamped = delayMs > 0 && delayMs <= maximumDelayMs ? Math.trunc(delayMs) : 0
  return startTimer(handler as Timer['callback'], clamped, parameters, repeats)
}

export function setTimeout(handler: unknown, delay?: unknown, ...parameters: unknown[]): number {
  return start('setTimeout', handler, delay, parameters, false)
}

export function setInterval(handler: unknown, delay?: unknown, ...parameters: unknown[]): number {
  return start('setInterval', handler, delay, parameters, true)
}

export function clearTimeout(id?: unknown): void {
  if (id !== undefined && id !== null) stopTimer(Number(id))
}

export function clearInterval(id?: unknown): void {
  clearTimeout(id)
}

/** https://html.spec.whatwg.org/#dom-queuemicrotask */
export function queueMicrotask(callback: unknown): void {
  if (typeof callback !== 'function') throw new TypeError('queueMicrotask takes a function')
  // An async function's rejection is lost with its promise; the job itself reports what it throws.
  void enqueue(() => {
    try {
      reflectApply(callback, undefined, [])
    } catch (thrown) {
      reportToHost(thrown)
    }
  })
}
