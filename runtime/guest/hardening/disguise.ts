/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
/**
 * Stand-ins for built-ins that look like them: `toString` shows no source, name and length are the original's.
 *
 * Handlers of proxies inherit nothing: code could put a trap on `Object.prototype` that is handed the original.
 */
const { apply, defineProperty } = Reflect
const OriginalProxy = Proxy
const { bind } = Function.prototype

// oxlint-disable-next-line typescript/no-explicit-any -- any function can be disguised
export type AnyFunction = (...parameters: any[]) => unknown
type Call = (original: AnyFunction, receiver: unknown, parameters: readonly unknown[]) => unknown

/** `implementation` without a receiver. Done before a function's code runs. */
export function disguised<T extends AnyFunction>(implementation: T, name: string, length: number): T {
  const stranger = apply(bind, implementation, [undefined]) as T
  defineProperty(stranger, 'length', { value: length, writable: false, enumerable: false, configurable: true })
  defineProperty(stranger, 'name', { value: name, writable: false, enumerable: false, configurable: true })
  return stranger
}

/** The original with its calls led through `call`. Safe from patched built-ins. */
export function intercepted(original: AnyFunction, call: Call): AnyFunction {
  return new OriginalProxy(original, {
    // @ts-expect-error -- as `Object.create(null)`, which can be patched
    __proto__: null,
    apply: call,
  })
}
