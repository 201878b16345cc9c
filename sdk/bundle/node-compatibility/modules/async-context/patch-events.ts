import { currentFrame, type Frame, runInFrame } from './context.ts'

/** A listener, and the frame in which it was last added to its target. */
interface BoundListener {
  frame: Frame
  readonly call: (this: unknown, event: unknown) => unknown
}

type Listener = ((event: unknown) => unknown) | { handleEvent(event: unknown): unknown }

const { apply, getOwnPropertyDescriptor, ownKeys } = Reflect

/** Who dispatches an event with a frame shares it with the listeners; an event from outside finds them in the frame in which they were added. */
function bindListener(listener: Listener): BoundListener {
  const bound: BoundListener = {
    frame: currentFrame(),
    call(event) {
      const [callback, receiver] = typeof listener === 'function' ? [listener, this] : [listener.handleEvent, listener]
      return runInFrame(currentFrame() ?? bound.frame, callback, receiver, [event])
    },
  }
  return bound
}

const isListener = (value: unknown): value is Listener => typeof value === 'function' || (typeof value === 'object' && value !== null)

export function patchEvents(): void {
  const { prototype } = EventTarget
  const { addEventListener: nativeAdd, removeEventListener: nativeRemove } = prototype
  const targets = new WeakMap<object, WeakMap<Listener, BoundListener>>()

  const patched = {
    addEventListener(this: object, type: string, listener: unknown, options?: unknown): void {
      apply(nativeAdd, this, [type, isListener(listener) ? boundFor(targets, this, listener).call : listener, options])
    },
    removeEventListener(this: object, type: string, listener: unknown, options?: unknown): void {
      const bound = isListener(listener) ? targets.get(this)?.get(listener)?.call : undefined
      apply(nativeRemove, this, [type, bound ?? listener, options])
    },
  }
  for (const [name, value] of Object.entries(patched)) {
    Object.defineProperty(prototype, name, { value, writable: true, enumerable: true, configurable: true })
  }
  patchHandlers()
}

function boundFor(targets: WeakMap<object, WeakMap<Listener, BoundListener>>, target: object, listener: Listener): BoundListener {
  let listeners = targets.get(target)
  if (listeners === undefined) {
    listeners = new WeakMap()
    targets.set(target, listeners)
  }
  let bound = listeners.get(listener)
  if (bound === undefined) {
    bound = bindListener(listener)
    listeners.set(listener, bound)
  }
  bound.frame = currentFrame()
  return bound
}

/** `onabort` and the like, of every interface that is an EventTarget. */
function patchHandlers(): void {
  const originals = new WeakMap<object, unknown>()
  for (const name of ownKeys(globalThis)) {
    const value: unknown = getOwnPropertyDescriptor(globalThis, name)?.value
    if (typeof value !== 'function' || !((value.prototype as unknown) instanceof EventTarget)) continue
    const prototype = value.prototype as object
    for (const key of ownKeys(prototype)) {
      const descriptor = getOwnPropertyDescriptor(prototype, key)
      if (typeof key !== 'string' || !key.startsWith('on') || descriptor?.get === undefined || descriptor.set === undefined) continue
      const { get, set } = descriptor
      Object.defineProperty(prototype, key, {
        ...descriptor,
        get(this: unknown) {
          const handler: unknown = apply(get, this, [])
          return typeof handler === 'function' ? (originals.get(handler) ?? handler) : handler
        },
        set(this: unknown, handler: unknown) {
          if (typeof handler !== 'function') {
            apply(set, this, [handler])
            return
          }
          const { call } = bindListener(handler as Listener)
          originals.set(call, handler)
          apply(set, this, [call])
        },
      })
    }
  }
}
