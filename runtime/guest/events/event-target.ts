import { DOMException } from '../dom-exception.ts'
import { reportException } from '../report-exception.ts'
import { requireArguments, toDomString } from '../webidl.ts'
import { Event, eventControl } from './event.ts'
import { callListener, flatten, flattenMore, type Listener, signals, toCallback } from './listener.ts'

/** Called when a target gets its first listener of a type, and when it loses the last. */
export type ListenerWatcher = (type: string, isListening: boolean) => void

interface Access {
  listen?: (target: EventTarget, type: string, callback: object) => () => void
  dispatch?: (target: EventTarget, event: Event, shownTarget: unknown) => void
  watch?: (target: EventTarget, watcher: ListenerWatcher) => void
}
const access: Access = {}

/** The target that stands for the global object, whose own methods are called on it or on nothing. The global scope sets it. */
export const globalTarget: { current: EventTarget | undefined } = { current: undefined }

/** https://dom.spec.whatwg.org/#interface-eventtarget, without a tree: an event reaches its target only. */
export class EventTarget {
  #listeners: Map<string, Listener[]> | undefined
  #watcher: ListenerWatcher | undefined

  addEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    const target = receiver(this)
    target.#brand()
    requireArguments(arguments.length, 2, 'addEventListener')
    const name = toDomString(type)
    const listening = toCallback(callback)
    const { capture, once, passive, signal } = flattenMore(options)
    // 2. If signal is aborted, then return. 3. If callback is null, then return.
    if ((signal !== undefined && signals.isAborted(signal)) || listening === null) return
    const list = target.#listOf(name)
    if (list.some((listener) => listener.callback === listening && listener.capture === capture)) return
    const listener: Listener = { callback: listening, capture, once, passive, removed: false, forgetSignal: undefined }
    if (signal !== undefined) listener.forgetSignal = signals.onAbort(signal, () => target.#remove(name, list, listener))
    target.#append(name, list, listener)
  }

  removeEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    const target = receiver(this)
    target.#brand()
    requireArguments(arguments.length, 2, 'removeEventListener')
    const name = toDomString(type)
    const listening = toCallback(callback)
    const capture = flatten(options)
    const list = target.#listeners?.get(name)
    const found = list?.find((listener) => listener.callback === listening && listener.capture === capture)
    if (list !== undefined && found !== undefined) target.#remove(name, list, found)
  }

  dispatchEvent(event: Event): boolean {
    const target = receiver(this)
    target.#brand()
    requireArguments(arguments.length, 1, 'dispatchEvent')
    const control = eventControl(event)
    if (control.dispatching) throw new DOMException('The event is already being dispatched', 'InvalidStateError')
    control.trusted = false
    return dispatch(target, event)
  }

  /** Throws a TypeError where the receiver is no EventTarget. */
  #brand(): void {
    void this.#listeners
  }

  #listOf(type: string): Listener[] {
    this.#listeners ??= new Map<string, Listener[]>()
    let list = this.#listeners.get(type)
    if (list === undefined) {
      list = []
      this.#listeners.set(type, list)
    }
    return list
  }

  #append(type: string, list: Listener[], listener: Listener): void {
    if (list.push(listener) === 1) this.#watcher?.(type, true)
  }

  #remove(type: string, list: Listener[], listener: Listener): void {
    if (listener.removed) return
    listener.removed = true
    listener.forgetSignal?.()
    list.splice(list.indexOf(listener), 1)
    if (list.length === 0) this.#watcher?.(type, false)
  }

  #dispatch(event: Event, shownTarget: unknown): void {
    const list = this.#listeners?.get(event.type)
    if (list === undefined || list.length === 0) return
    const control = eventControl(event)
    control.currentTarget = shownTarget
    control.phase = Event.AT_TARGET
    // Capturing listeners come first, on the target too.
    this.#invoke(list, event, true, shownTarget)
    this.#invoke(list, event, false, shownTarget)
  }

  /** https://dom.spec.whatwg.org/#concept-event-listener-invoke, for the listeners of one phase. */
  #invoke(list: Listener[], event: Event, isCapturing: boolean, shownTarget: unknown): void {
    const control = eventControl(event)
    if (control.propagationStopped) return
    for (const listener of list.slice()) {
      if (listener.removed || listener.capture !== isCapturing) continue
      if (listener.once) this.#remove(event.type, list, listener)
      control.inPassiveListener = listener.passive
      try {
        callListener(listener.callback, event, shownTarget)
      } catch (thrown) {
        reportException(thrown)
      }
      control.inPassiveListener = false
      if (control.stopped) return
    }
  }

  static {
    access.dispatch = (target, event, shownTarget) => target.#dispatch(event, shownTarget)
    access.watch = (target, watcher) => {
      target.#watcher = watcher
    }
    access.listen = (target, type, callback) => {
      const list = target.#listOf(type)
      const listener: Listener = { callback, capture: false, once: false, passive: false, removed: false, forgetSignal: undefined }
      target.#append(type, list, listener)
      return () => target.#remove(type, list, listener)
    }
  }
}

/** WebIDL's receiver of a global object's operation: nothing stands for the global object. */
function receiver(value: unknown): EventTarget {
  return isGlobal(value) && globalTarget.current !== undefined ? globalTarget.current : (value as EventTarget)
}

function isGlobal(value: unknown): boolean {
  return value === undefined || value === null || value === globalThis
}

/**
 * Dispatches to `target`. Exceptions of listeners are reported. False where the event was canceled.
 * https://dom.spec.whatwg.org/#concept-event-dispatch
 */
export function dispatch(target: EventTarget, event: Event): boolean {
  const control = eventControl(event)
  const shownTarget = target === globalTarget.current ? globalThis : target
  control.dispatching = true
  control.target = shownTarget
  access.dispatch?.(target, event, shownTarget)
  control.phase = Event.NONE
  control.currentTarget = null
  control.dispatching = false
  control.propagationStopped = false
  control.stopped = false
  return !control.canceled
}

/** Dispatches an event that the guest itself made: it is trusted. */
export function fireEvent(target: EventTarget, event: Event): boolean {
  eventControl(event).trusted = true
  return dispatch(target, event)
}

/** Adds a listener past whatever user code made of the methods; the answer takes it away. */
export function listen(target: EventTarget, type: string, callback: (event: Event) => void): () => void {
  return access.listen?.(target, type, callback) ?? (() => {})
}

export function watchListeners(target: EventTarget, watcher: ListenerWatcher): void {
  access.watch?.(target, watcher)
}
