import { wallTime } from '../clock.ts'
import { type AnyFunction, intercepted } from './disguise.ts'

/**
 * `Intl.DateTimeFormat` formats the present where it is given no date: here that of ../clock.ts.
 * https://tc39.es/ecma402/#sec-intl.datetimeformat.prototype.format
 */
const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect
// oxlint-disable-next-line typescript/unbound-method -- applied to its receiver below
const { get: weakGet, set: weakSet } = WeakMap.prototype

/** Done when the snapshot is built. */
export function hardenDateFormats(): void {
  const { prototype } = Intl.DateTimeFormat
  const format = getOwnPropertyDescriptor(prototype, 'format')
  const toParts = getOwnPropertyDescriptor(prototype, 'formatToParts')
  if (format?.get === undefined || toParts === undefined) return
  /** By the function that `format` gives for a formatter, always the same one. */
  const dated = new WeakMap<AnyFunction, AnyFunction>()
  const get = intercepted(format.get, (getter, receiver) => {
    const formatter = apply(getter, receiver, []) as AnyFunction
    const known = apply(weakGet, dated, [formatter]) as AnyFunction | undefined
    if (known !== undefined) return known
    const made = intercepted(formatter, formatPresent)
    apply(weakSet, dated, [formatter, made])
    return made
  })
  defineProperty(prototype, 'format', { get, enumerable: false, configurable: true })
  defineProperty(prototype, 'formatToParts', { ...toParts, value: intercepted(toParts.value as AnyFunction, formatPresent) })
}

function formatPresent(original: AnyFunction, receiver: unknown, parameters: readonly unknown[]): unknown {
  // Read once: where there is none, code may have put a getter on the prototype of arrays.
  const date = parameters[0]
  return apply(original, receiver, [date === undefined ? wallTime() : date])
}
