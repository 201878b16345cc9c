/* oxlint-disable typescript/unbound-method -- methods of built-ins are captured here, to be applied to their receivers later */
import { wallTime } from '../clock.ts'
import { disguised } from './disguise.ts'

/**
 * Puts a `Date` in the place of V8's that takes the time from ../clock.ts.
 *
 * Invariant: afterwards nothing that user code can reach leads to the original: it is not the `constructor` of the prototype, nor the parent of a
 * class that extends the replacement.
 */
const { apply, construct, defineProperty } = Reflect
const Original = globalThis.Date
const { toString } = Original.prototype
const { parse, UTC } = Original

/** Done when the snapshot is built. */
export function hardenDate(): void {
  /** https://tc39.es/ecma262/#sec-date-constructor */
  const implementation = function (this: unknown, first?: unknown): unknown {
    const target = new.target as unknown
    if (target === undefined) return apply(toString, new Original(wallTime()), [])
    const count = arguments.length
    if (target === implementation && count < 2) return new Original(count === 0 ? wallTime() : (first as number))
    return construct(Original, count === 0 ? [wallTime()] : arguments, target as new () => object)
  }
  const Date = disguised(implementation, 'Date', 7)
  const { prototype } = Original
  // `instanceof` asks what is behind a bound function.
  for (const constructor of [Date, implementation]) {
    defineProperty(constructor, 'prototype', { value: prototype, writable: false, enumerable: false, configurable: false })
  }
  for (const [name, value] of Object.entries({ now: disguised(() => wallTime(), 'now', 0), parse, UTC })) {
    defineProperty(Date, name, { value, writable: true, enumerable: false, configurable: true })
  }
  defineProperty(prototype, 'constructor', { value: Date, writable: true, enumerable: false, configurable: true })
  defineProperty(globalThis, 'Date', { value: Date, writable: true, enumerable: false, configurable: true })
}
