import Emitter from 'events/events.js'
import { eventIterator } from './event-iterator.ts'

/** `node:events`: the npm package `events`, and the functions that Node has gained since. */
type Target = NodeJS.EventEmitter | EventTarget
interface Options {
  readonly signal?: AbortSignal
}

export const errorMonitor = Symbol.for('events.errorMonitor')
export const captureRejectionSymbol = Symbol.for('nodejs.rejection')
export const captureRejections = false
export const usingDomains = false
export const defaultMaxListeners = 10

const isEmitter = (target: Target): target is NodeJS.EventEmitter => 'listeners' in target && typeof target.listeners === 'function'

export function getEventListeners(target: Target, type: string | symbol): unknown[] {
  return isEmitter(target) ? target.listeners(type) : []
}

export function getMaxListeners(target: Target): number {
  return isEmitter(target) ? target.getMaxListeners() : 0
}

export function setMaxListeners(count = defaultMaxListeners, ...targets: Target[]): void {
  for (const target of targets) if (isEmitter(target)) target.setMaxListeners(count)
}

export function listenerCount(target: Target, type: string | symbol): number {
  return isEmitter(target) ? target.listenerCount(type) : 0
}

/** Resolves with what the next event of the type carries. */
export function once(target: Target, type: string, options: Options = {}): Promise<unknown[]> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = new AbortController()
    const settle = (action: () => void): void => {
      stop.abort()
      action()
    }
    const onEvent = (...values: unknown[]): void => {
      settle(() => {
        resolve(values)
      })
    }
    const onError = (error: unknown): void => {
      settle(() => {
        reject(error)
      })
    }
    listen(target, type, onEvent, stop.signal)
    if (type !== 'error' && isEmitter(target)) listen(target, 'error', onError, stop.signal)
    signal?.addEventListener('abort', () => {
      onError(signal.reason)
    }, { once: true, signal: stop.signal })
  })
}

/** The events of the type, as they come. */
export function on(target: Target, type: string, options: Options = {}): AsyncIterableIterator<unknown[]> {
  options.signal?.throwIfAborted()
  return eventIterator(({ event, fail, stopped }) => {
    listen(target, type, (...values) => {
      event(values)
    }, stopped)
    if (type !== 'error' && isEmitter(target)) listen(target, 'error', fail, stopped)
    options.signal?.addEventListener('abort', () => {
      fail(options.signal?.reason)
    }, { once: true, signal: stopped })
  })
}

/** Calls the listener when the signal aborts, or at once where it has. Disposing of the answer takes it away. */
export function addAbortListener(signal: AbortSignal, listener: (event: Event) => void): Disposable {
  if (signal.aborted) {
    queueMicrotask(() => {
      listener(new Event('abort'))
    })
  } else {
    signal.addEventListener('abort', listener, { once: true })
  }
  return {
    [Symbol.dispose]() {
      signal.removeEventListener('abort', listener)
    },
  }
}

function listen(target: Target, type: string, listener: (...values: unknown[]) => void, until: AbortSignal): void {
  if (!isEmitter(target)) {
    target.addEventListener(type, listener, { signal: until })
    return
  }
  target.on(type, listener)
  until.addEventListener('abort', () => target.off(type, listener), { once: true })
}

/** Who watches errors sees them before whoever handles them. */
const { emit } = Emitter.prototype
Emitter.prototype.emit = function (this: NodeJS.EventEmitter, type: string | symbol, ...values: unknown[]): boolean {
  if (type === 'error' && this.listenerCount(errorMonitor) > 0) emit.call(this, errorMonitor, ...values)
  return emit.call(this, type, ...values)
}

export const EventEmitter = Object.assign(Emitter, {
  EventEmitter: Emitter, addAbortListener, captureRejectionSymbol, captureRejections, errorMonitor, getEventListeners, getMaxListeners, listenerCount,
  on, once, setMaxListeners, usingDomains,
})
