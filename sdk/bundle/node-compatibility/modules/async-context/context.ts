/**
 * Which stores the running code sees. There is one frame at a time, and it never changes: entering a store makes another.
 *
 * Invariants: between jobs no frame is set, so that what nobody has bound runs without one; whoever runs a callback in a frame puts back what
 * was there. So no request sees the store of another. A bundle that has `node:async_hooks` in it is lowered (see lower-async.ts), so that
 * whatever waits for a promise goes through the patched `then`.
 *
 * The context stands on the global object since the patches run as a script of their own, before the bundle.
 */
export type Frame = ReadonlyMap<object, unknown> | undefined

interface AsyncContext {
  frame: Frame
  /** The platform's own, which knows of no frames. */
  readonly queueMicrotask: (job: () => void) => void
}

const key = Symbol.for('skerry.asyncContext')
const { apply } = Reflect

function findOrCreate(): AsyncContext {
  const found = Reflect.get(globalThis, key) as AsyncContext | undefined
  if (found !== undefined) return found
  const created: AsyncContext = { frame: undefined, queueMicrotask: globalThis.queueMicrotask }
  Object.defineProperty(globalThis, key, { value: created })
  return created
}

const context = findOrCreate()

export function currentFrame(): Frame {
  return context.frame
}

/** Enters a frame for the rest of the job. */
export function enterFrame(frame: Frame): void {
  context.frame = frame
  context.queueMicrotask(() => {
    context.frame = undefined
  })
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what its callback gives
export function runInFrame<T>(frame: Frame, callback: (...parameters: never[]) => T, receiver: unknown, parameters: readonly unknown[]): T {
  const before = context.frame
  context.frame = frame
  try {
    return apply(callback, receiver, parameters) as T
  } finally {
    context.frame = before
  }
}

/** The callback, run in the frame of now whenever it is called. What is no function stays as it is. */
export function bindToFrame<T>(callback: T): T {
  if (typeof callback !== 'function') return callback
  const { frame } = context
  return function (this: unknown, ...parameters: unknown[]) {
    return runInFrame(frame, callback as unknown as () => unknown, this, parameters)
  } as T
}
