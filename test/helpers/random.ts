/** Chance that can be had again: the same seed gives the same sequence. */
export interface Random {
  /** At least 0, below 1. */
  next(): number
  /** An integer, both ends included. */
  between(least: number, most: number): number
  /** Above 0, with this mean: waits between things that come by chance. */
  exponential(mean: number): number
  pick<T>(from: readonly [T, ...(readonly T[])]): T
  /** A sequence of its own, so that what one part of the test draws does not depend on how far another is. */
  fork(): Random
}

/** @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (mulberry32, public domain) */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    next, between,
    exponential: (mean) => -Math.log(1 - next()) * mean,
    pick: (from) => from[between(0, from.length - 1)] ?? from[0],
    fork: () => createRandom(between(0, 2 ** 32 - 1)),
  }
}
