import { bindToFrame, currentFrame, enterFrame, type Frame, runInFrame } from './async-context/context.ts'

/** `node:async_hooks`: AsyncLocalStorage and AsyncResource. Hooks themselves are taken and never called. */
type AnyFunction = (...parameters: never[]) => unknown

function frameWith(storage: object, store: unknown): Frame {
  return new Map(currentFrame()).set(storage, store)
}

function frameWithout(storage: object): Frame {
  const frame = new Map(currentFrame())
  frame.delete(storage)
  return frame
}

export class AsyncLocalStorage<T> {
  readonly name: string
  readonly #defaultValue: T | undefined

  constructor(options: { readonly name?: string; readonly defaultValue?: T } = {}) {
    this.name = options.name ?? ''
    this.#defaultValue = options.defaultValue
  }

  /** The function, run in the context of now whenever it is called. */
  static bind<F extends AnyFunction>(callback: F): F {
    return bindToFrame(callback)
  }

  /** Runs functions in the context of now. */
  static snapshot(): (callback: AnyFunction, ...parameters: unknown[]) => unknown {
    return bindToFrame((callback: AnyFunction, ...parameters: unknown[]) => Reflect.apply(callback, undefined, parameters))
  }

  getStore(): T | undefined {
    const frame = currentFrame()
    return frame?.has(this) === true ? (frame.get(this) as T) : this.#defaultValue
  }

  run(store: T | undefined, callback: AnyFunction, ...parameters: unknown[]): unknown {
    return runInFrame(frameWith(this, store), callback, undefined, parameters)
  }

  exit(callback: AnyFunction, ...parameters: unknown[]): unknown {
    return this.run(undefined, callback, ...parameters)
  }

  /** For the rest of the job, and for what it starts. */
  enterWith(store: T): void {
    enterFrame(frameWith(this, store))
  }

  /** For the rest of the job, or until the answer is disposed of. */
  withScope(store: T): Disposable {
    const before = currentFrame()
    this.enterWith(store)
    return {
      [Symbol.dispose]() {
        enterFrame(before)
      },
    }
  }

  disable(): void {
    enterFrame(frameWithout(this))
  }
}

const ids = { last: 1 }

export class AsyncResource {
  readonly type: string
  readonly #frame = currentFrame()
  readonly #id = ++ids.last

  constructor(type: string) {
    if (typeof type !== 'string') {
      throw Object.assign(new TypeError('The "type" argument must be of type string'), { code: 'ERR_INVALID_ARG_TYPE' })
    }
    this.type = type
  }

  static bind<F extends AnyFunction>(callback: F, type?: string, receiver?: unknown): F {
    return new AsyncResource(type ?? (callback.name || 'bound-anonymous-fn')).bind(callback, receiver)
  }

  bind<F extends AnyFunction>(callback: F, receiver?: unknown): F {
    // oxlint-disable-next-line typescript/no-this-alias -- the function has a receiver of its own
    const resource = this
    return function (this: unknown, ...parameters: unknown[]) {
      return resource.runInAsyncScope(callback, receiver ?? this, ...parameters)
    } as unknown as F
  }

  runInAsyncScope(callback: AnyFunction, receiver?: unknown, ...parameters: unknown[]): unknown {
    return runInFrame(this.#frame, callback, receiver, parameters)
  }

  emitDestroy(): this {
    return this
  }
  asyncId(): number {
    return this.#id
  }
  triggerAsyncId(): number {
    return 1
  }
}

interface Hook {
  enable(): Hook
  disable(): Hook
}

export function createHook(): Hook {
  const hook: Hook = { enable: () => hook, disable: () => hook }
  return hook
}

export const executionAsyncId = (): number => 1
export const triggerAsyncId = (): number => 0
export const executionAsyncResource = (): object => ({})
export const asyncWrapProviders = Object.freeze({})
