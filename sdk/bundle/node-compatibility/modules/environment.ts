/** Where the guest leaves the function's `env`: see `configure` in runtime/guest/exchange. */
const key = Symbol.for('skerry.environment')

/** A copy of the function's `env`, secrets included. */
export function readEnvironment(): Record<string, string> {
  return { ...(Reflect.get(globalThis, key) as Record<string, string> | undefined) }
}
