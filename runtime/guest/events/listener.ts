import { reflectApply } from '../primordials.ts'
import { toDictionary } from '../webidl.ts'
import type { Event } from './event.ts'

/** https://dom.spec.whatwg.org/#concept-event-listener */
export interface Listener {
  readonly callback: object
  readonly capture: boolean
  readonly once: boolean
  readonly passive: boolean
  removed: boolean
  /** Takes back what waits for the signal that the listener was added with. */
  forgetSignal: (() => void) | undefined
}

/** What listening with `{ signal }` needs of AbortSignal, which is built on EventTarget: abort.ts sets it. */
export const signals: {
  /** Throws a TypeError for what is no AbortSignal. */
  isAborted(signal: unknown): boolean
  onAbort(signal: unknown, algorithm: () => void): () => void
} = {
  isAborted: () => false,
  onAbort: () => () => {},
}

/** https://dom.spec.whatwg.org/#concept-flatten-options */
export function flatten(options: unknown): boolean {
  return isPrimitive(options) ? Boolean(options) : Boolean(toDictionary(options, 'EventListenerOptions')['capture'])
}

/** https://dom.spec.whatwg.org/#event-flatten-more */
export function flattenMore(options: unknown): { capture: boolean; once: boolean; passive: boolean; signal: unknown } {
  const capture = flatten(options)
  if (isPrimitive(options)) return { capture, once: false, passive: false, signal: undefined }
  const { once, passive, signal } = toDictionary(options, 'AddEventListenerOptions')
  return { capture, once: Boolean(once), passive: Boolean(passive), signal }
}

/** What WebIDL takes for a boolean in `(AddEventListenerOptions or boolean)`: undefined and null are an empty dictionary, with the same outcome. */
function isPrimitive(value: unknown): boolean {
  return (typeof value !== 'object' && typeof value !== 'function') || value === null
}

/** https://webidl.spec.whatwg.org/#js-callback-interface, nullable. */
export function toCallback(value: unknown): object | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'object' || typeof value === 'function') return value
  throw new TypeError('the event listener is neither a function nor an object')
}

/** https://webidl.spec.whatwg.org/#call-a-user-objects-operation: `handleEvent` is looked up at each event. */
export function callListener(callback: object, event: Event, currentTarget: unknown): void {
  if (typeof callback === 'function') {
    reflectApply(callback as (event: Event) => void, currentTarget, [event])
    return
  }
  const { handleEvent } = callback as { handleEvent?: unknown }
  if (typeof handleEvent !== 'function') throw new TypeError('the event listener has no handleEvent method')
  reflectApply(handleEvent as (event: Event) => void, callback, [event])
}
