import { EventHandler, EventTarget, globalTarget } from '../events/index.ts'
import { shapeInterface } from '../webidl.ts'

/**
 * https://html.spec.whatwg.org/#workerglobalscope and https://w3c.github.io/ServiceWorker/#serviceworkerglobalscope
 *
 * The global object inherits from these, so that it is an EventTarget. The former is no global, as nowhere on servers: code takes the name for
 * a browser's worker, with a location and scripts to import.
 */
class WorkerGlobalScope extends EventTarget {
  constructor() {
    super()
    throw new TypeError('Illegal constructor')
  }
}
export class ServiceWorkerGlobalScope extends WorkerGlobalScope {}

const target = new EventTarget()
const handlers = {
  onerror: new EventHandler(target, 'error'),
  onrejectionhandled: new EventHandler(target, 'rejectionhandled'),
  onunhandledrejection: new EventHandler(target, 'unhandledrejection'),
} as const

/** Event handler attributes of the global object. */
export const eventHandlers = Object.fromEntries(
  Object.entries(handlers).map(([name, handler]) => [
    name,
    {
      get: () => handler.callback,
      set: (callback: unknown) => {
        handler.callback = callback
      },
    },
  ]),
)

/** Where events of the global object are dispatched: listeners stand on a target that user code can not reach. */
export const scopeTarget: EventTarget = target

/** Puts the global object under its interfaces; while the snapshot is built. */
export function adoptGlobalObject(): void {
  globalTarget.current = target
  shapeInterface(WorkerGlobalScope, 'WorkerGlobalScope')
  Object.setPrototypeOf(globalThis, ServiceWorkerGlobalScope.prototype)
}
