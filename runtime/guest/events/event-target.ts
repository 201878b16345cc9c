import { reflectApply } from '../primordials.ts'
import { reportToHost } from '../report-exception.ts'
import { requireArguments, toDomString } from '../webidl.ts'
import { type Event, eventControl } from './event.ts'

interface Listener {
  readonly callback: unknown
  readonly capture: boolean
  readonly once: boolean
  readonly passive: boolean
  removed: boolean
}

/** As much of AbortSignal as listening with `{ signal }` needs; the class itself is built on EventTarget. */
interface SignalLike {
  readonly aborted: boolean
  addEventListener(type: string, callback: () => void, options: { once: boolean }): void
}

const access: { listeners?: (target: EventTarget) => Map<string, Listener[]> | undefined } = {}

/** https://dom.spec.whatwg.org/#interface-eventtarget, without a tree: an event reaches its target only. */
export class EventTarget {
  #listeners: Map<string, Listener[]> | undefined

  addEventListener(type: unknown, callback: unknown, options?: unknown): void {
    requireArguments(arguments.length, 2, 'addEventListener')
    const { capture, once, passive, signal } = flatten(options)
    const name = toDomString(type)
    requireCallback(callback)
    // 2. If signal is aborted, then return. 3. If callback is null, then return.
    if (signal?.aborted === true || callback === null || callback === undefined) return
    this.#listeners ??= new Map()
    const list = this.#listeners.get(name) ?? []
    if (list.length === 0) this.#listeners.set(name, list)
    if (list.some((listener) => listener.callback === callback && listener.capture === capture)) return
    list.push({ callback, capture, once, passive, removed: false })
    signal?.addEventListener('abort', () => this.removeEventListener(name, callback, { capture }), { once: true })
  }

  removeEventListener(type: unknown, callback: unknown, options?: unknown): void {
    requireArguments(arguments.length, 2, 'removeEventListener')
    const { capture } = flatten(options)
    requireCallback(callback)
    const name = toDomString(type)
    const list = this.#listeners?.get(name)
    const index = list?.findIndex((listener) => listener.callback === callback && listener.capture === capture) ?? -1
    if (list === undefined || index < 0) return
    const [listener] = list.splice(index, 1)
    if (listener !== undefined) listener.removed = true
  }

  dispatchEvent(event: Event): boolean {
    requireArguments(arguments.length, 1, 'dispatchEvent')
    if (eventControl(event).dispatching) throw new TypeError('the event is already being dispatched')
    eventControl(event).trusted = false
    return dispatch(this, event)
  }

  static {
    access.listeners = (target) => target.#listeners
  }
}

/**
 * Dispatches to `target`; the event shows `shownTarget`. Exceptions of listeners are reported. False where the event was canceled.
 * https://dom.spec.whatwg.org/#concept-event-dispatch
 */
export function dispatch(target: EventTarget, event: Event, shownTarget: unknown = target): boolean {
  const control = eventControl(event)
  const list = access.listeners?.(target)?.get(event.type)
  control.target = shownTarget
  if (list !== undefined && list.length > 0 && !control.propagationStopped) {
    control.currentTarget = shownTarget
    control.dispatching = true
    callListeners(list, event, shownTarget)
  }
  control.currentTarget = null
  control.dispatching = false
  control.propagationStopped = false
  control.stopped = false
  return !control.canceled
}

/** https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke */
function callListeners(list: Listener[], event: Event, shownTarget: unknown): void {
  const control = eventControl(event)
  for (const listener of list.slice()) {
    if (listener.removed) continue
    if (listener.once) {
      listener.removed = true
      list.splice(list.indexOf(listener), 1)
    }
    control.inPassiveListener = listener.passive
    try {
      callListener(listener.callback, event, shownTarget)
    } catch (thrown) {
      reportToHost(thrown)
    }
    control.inPassiveListener = false
    if (control.stopped) break
  }
}

/** https://dom.spec.whatwg.org/#event-flatten-more */
function flatten(options: unknown): { capture: boolean; once: boolean; passive: boolean; signal: SignalLike | undefined } {
  if (typeof options !== 'object' || options === null) return { capture: Boolean(options), once: false, passive: false, signal: undefined }
  const { capture, once, passive, signal } = options as Record<string, unknown>
  if (signal === null || (signal !== undefined && typeof (signal as { aborted?: unknown }).aborted !== 'boolean')) {
    throw new TypeError('signal is not an AbortSignal')
  }
  return { capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive), signal: signal as SignalLike | undefined }
}

function requireCallback(callback: unknown): void {
  if (callback === null || callback === undefined || typeof callback === 'function' || typeof callback === 'object') return
  throw new TypeError('the event listener is neither a function nor an object')
}

function callListener(callback: unknown, event: Event, target: unknown): void {
  if (typeof callback === 'function') {
    reflectApply(callback, target, [event])
    return
  }
  const { handleEvent } = callback as { handleEvent?: unknown }
  if (typeof handleEvent !== 'function') throw new TypeError('the event listener has no handleEvent method')
  reflectApply(handleEvent, callback, [event])
}
