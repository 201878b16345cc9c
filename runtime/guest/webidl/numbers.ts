/**
 * https://webidl.spec.whatwg.org/#js-integer-types and what is near. `+value` is ECMAScript's ToNumber: unlike `Number(value)` it throws
 * on a BigInt.
 */

function toNumber(value: unknown): number {
  return +(value as string)
}

/** https://webidl.spec.whatwg.org/#js-long */
export function toLong(value: unknown): number {
  return toNumber(value) | 0
}

/** https://webidl.spec.whatwg.org/#js-unsigned-long */
export function toUnsignedLong(value: unknown): number {
  return toNumber(value) >>> 0
}

/** https://webidl.spec.whatwg.org/#js-unsigned-short */
export function toUnsignedShort(value: unknown): number {
  return toNumber(value) & 0xffff
}

/** https://webidl.spec.whatwg.org/#js-long-long: counts round 2 to the 64. */
export function toLongLong(value: unknown): number {
  const number = toNumber(value)
  if (Number.isSafeInteger(number)) return number + 0
  return Number.isFinite(number) ? Number(BigInt.asIntN(64, BigInt(Math.trunc(number)))) : 0
}

/** The extended attribute [EnforceRange]: a TypeError for what lies outside of the bounds. `what` names the value in the message. */
export function toIntegerInRange(value: unknown, minimum: number, maximum: number, what: string): number {
  const number = toNumber(value)
  const integer = Math.trunc(number) + 0
  if (Number.isFinite(number) && integer >= minimum && integer <= maximum) return integer
  throw new TypeError(`${what} is not an integer from ${minimum} to ${maximum}`)
}

/** The extended attribute [Clamp]: the nearest bound for what lies outside, ties to even. */
export function toClampedInteger(value: unknown, minimum: number, maximum: number): number {
  const number = toNumber(value)
  if (Number.isNaN(number)) return 0
  const bounded = Math.min(Math.max(number, minimum), maximum)
  const below = Math.floor(bounded)
  const remainder = bounded - below
  const roundsUp = remainder > 0.5 || (remainder === 0.5 && below % 2 !== 0)
  return below + (roundsUp ? 1 : 0) + 0
}

/** https://webidl.spec.whatwg.org/#js-double: a TypeError for what is not finite. */
export function toDouble(value: unknown, what: string): number {
  const number = toNumber(value)
  if (Number.isFinite(number)) return number
  throw new TypeError(`${what} is not a finite number`)
}
