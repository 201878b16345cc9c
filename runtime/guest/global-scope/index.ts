import { dispatch, ErrorEvent, type Event, EventHandler, EventTarget } from '../events/index.ts'
import { describeThrown, reportToHost } from '../report-exception.ts'
import { requireArguments } from '../webidl.ts'

/** The global object as an EventTarget: its listeners stand on a target that user code can not reach. */
const target = new EventTarget()
const handler = new EventHandler(target, 'error')

export function addEventListener(type: unknown, callback: unknown, options?: unknown): void {
  target.addEventListener(type, callback, options)
}

export function removeEventListener(type: unknown, callback: unknown, options?: unknown): void {
  target.removeEventListener(type, callback, options)
}

export function dispatchEvent(event: Event): boolean {
  return dispatch(target, event, globalThis)
}

export function getOnError(): unknown {
  return handler.callback
}

export function setOnError(callback: unknown): void {
  handler.callback = callback
}

/** https://html.spec.whatwg.org/#dom-reporterror: listeners may take the error over, otherwise the host logs it. */
export function reportError(error: unknown): void {
  requireArguments(arguments.length, 1, 'reportError')
  const event = new ErrorEvent('error', { cancelable: true, message: describeThrown(error).message, error })
  if (dispatch(target, event, globalThis)) reportToHost(error)
}
