import { fireEvent, PromiseRejectionEvent } from '../events/index.ts'
import { reportToHost } from '../report-exception.ts'
import { scopeTarget } from './scope.ts'

const errorTypes = new Map<string, ErrorConstructor>(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
)

/**
 * https://html.spec.whatwg.org/#unhandled-promise-rejections, as far as the cell can tell: it knows the first rejection of a turn, by the text of
 * its error and not by its promise. So the event's reason is a copy, and its promise another that was rejected with it; that it was handled
 * later (`rejectionhandled`) nobody knows. Listeners may take it over, otherwise the host logs it. The event `rejection` of the host.
 */
export function reportRejection(first: unknown, second: string | undefined): void {
  const reason = second === undefined ? first : createError(String(first), second)
  const promise = Promise.reject(reason)
  promise.catch(() => undefined)
  const event = new PromiseRejectionEvent('unhandledrejection', { cancelable: true, promise, reason })
  if (fireEvent(scopeTarget, event)) reportToHost(reason)
}

function createError(message: string, nameAndStack: string): Error {
  const end = nameAndStack.indexOf('\n')
  const name = nameAndStack.slice(0, end)
  const type = errorTypes.get(name)
  const error = new (type ?? Error)(message)
  if (type === undefined && name !== 'Error') Object.defineProperty(error, 'name', { value: name, writable: true, configurable: true })
  Object.defineProperty(error, 'stack', { value: nameAndStack.slice(end + 1), writable: true, configurable: true })
  return error
}
