type AnyFunction = (...parameters: unknown[]) => unknown
type Callback = (error: unknown, value?: unknown) => void

const custom: unique symbol = Symbol.for('nodejs.util.promisify.custom')

function promisifyFunction(original: AnyFunction & { readonly [custom]?: AnyFunction }): AnyFunction {
  if (typeof original !== 'function') throw new TypeError('The "original" argument must be of type function')
  const given = original[custom]
  if (given !== undefined) return given
  if (Object.is(original, globalThis.setTimeout)) return wait
  const promisified = function (this: unknown, ...parameters: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle: Callback = (error, value) => {
        if (error) reject(error)
        else resolve(value)
      }
      Reflect.apply(original, this, [...parameters, settle])
    })
  }
  Object.setPrototypeOf(promisified, Object.getPrototypeOf(original) as object)
  Object.defineProperties(promisified, Object.getOwnPropertyDescriptors(original))
  return Object.defineProperty(promisified, custom, { value: promisified, configurable: true })
}

/** What takes a callback `(error, value)` last becomes what answers with a promise. */
export const promisify = Object.assign(promisifyFunction, { custom } as const)

function wait(delayMs: unknown, value: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    globalThis.setTimeout(resolve, Number(delayMs), value)
  })
}

/** What answers with a promise becomes what takes a callback `(error, value)` last. */
export function callbackify(original: (...parameters: unknown[]) => Promise<unknown>): (...parameters: unknown[]) => void {
  if (typeof original !== 'function') throw new TypeError('The "original" argument must be of type function')
  return function (this: unknown, ...parameters) {
    const callback = parameters.pop()
    if (typeof callback !== 'function') throw new TypeError('The last argument must be of type function')
    const call = (...outcome: unknown[]): void => {
      globalThis.queueMicrotask(() => {
        Reflect.apply(callback, this, outcome)
      })
    }
    Reflect.apply(original, this, parameters).then(
      (value) => {
        call(null, value)
      },
      (error: unknown) => {
        call(error ?? Object.assign(new Error('Promise was rejected with falsy value'), { reason: error, code: 'ERR_FALSY_VALUE_REJECTION' }))
      },
    )
  }
}
