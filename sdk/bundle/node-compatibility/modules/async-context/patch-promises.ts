import { currentFrame, type Frame, runInFrame } from './context.ts'

type Callback = (value: unknown) => unknown
type Executor = (resolve: Callback, reject: Callback) => void

const { apply, construct, defineProperty } = Reflect

/**
 * A thenable is asked by a job of its own, which knows of no frame. So it is handed on as one that remembers the frame of now. Promises
 * do not need it, and whatever `then` throws is left to whoever resolves with it.
 */
function bindThenable(value: unknown, NativePromise: PromiseConstructor): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || value instanceof NativePromise) return value
  const frame = currentFrame()
  if (frame === undefined) return value
  let then: unknown
  try {
    ;({ then } = value as { then?: unknown })
  } catch (error) {
    return NativePromise.reject(error)
  }
  if (typeof then !== 'function') return value
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it stands for
  return { then: (...parameters: unknown[]) => runInFrame(frame, then as Callback, value, parameters) }
}

/** Callbacks of promises run in the frame in which they were registered; `catch`, `finally` and the combinators go by `then`. */
export function patchPromises(): void {
  const NativePromise = globalThis.Promise
  const { prototype } = NativePromise
  const { then: nativeThen } = prototype
  const { resolve: nativeResolve } = NativePromise

  const wrap = (callback: unknown, frame: Frame): unknown => {
    if (typeof callback !== 'function') return callback
    return (value: unknown) => runInFrame(frame, () => bindThenable((callback as Callback)(value), NativePromise), undefined, [])
  }
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it stands for
  const { then } = {
    // oxlint-disable-next-line unicorn/no-thenable -- the same
    then(this: unknown, onFulfilled?: unknown, onRejected?: unknown): unknown {
      const frame = currentFrame()
      return apply(nativeThen, this, [wrap(onFulfilled, frame), wrap(onRejected, frame)])
    },
  }
  defineProperty(prototype, 'then', { value: then, writable: true, configurable: true })

  const PatchedPromise = function Promise(this: unknown, executor: Executor): object {
    if (new.target === undefined) throw new TypeError("Promise constructor cannot be invoked without 'new'")
    const target = new.target === (PatchedPromise as unknown) ? NativePromise : new.target
    if (typeof executor !== 'function') return construct(NativePromise, [executor], target) as object
    const patched: Executor = (resolve, reject) => {
      executor((value) => resolve(bindThenable(value, NativePromise)), reject)
    }
    return construct(NativePromise, [patched], target) as object
  }
  Object.setPrototypeOf(PatchedPromise, NativePromise)
  defineProperty(PatchedPromise, 'name', { value: 'Promise', configurable: true })
  defineProperty(PatchedPromise, 'prototype', { value: prototype, writable: false })
  defineProperty(PatchedPromise, 'resolve', {
    value: function resolve(this: unknown, value: unknown): unknown {
      return apply(nativeResolve, this === PatchedPromise ? NativePromise : this, [bindThenable(value, NativePromise)])
    },
    writable: true,
    configurable: true,
  })
  defineProperty(globalThis, 'Promise', { value: PatchedPromise, writable: true, configurable: true })
}

