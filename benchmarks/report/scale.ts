/** A way from values to pixels, with the ticks that its axis shows. */
export interface Scale {
  readonly place: (this: void, value: number) => number
  readonly ticks: readonly number[]
  /** Between the ticks, drawn without a label. */
  readonly minorTicks: readonly number[]
}

/** From zero; four to six round ticks. */
export function linearScale(largest: number, from: number, to: number): Scale {
  const safe = largest > 0 ? largest : 1
  const rough = safe / 5
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5].find((each) => each * magnitude >= rough) ?? 10) * magnitude
  const top = Math.ceil(safe / step) * step
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
  return { ticks, minorTicks: [], place: (value) => from + (value / top) * (to - from) }
}

/** Between the 1, 2 or 5 below the smallest and above the largest value; ticks at each 1, 2 and 5 that fits, decades only when wide. */
export function logScale(smallest: number, largest: number, from: number, to: number): Scale {
  const low = roundNumbers(smallest / 10, smallest).at(-1) ?? smallest
  const high = roundNumbers(largest, largest * 10)[0] ?? largest
  const span = Math.log10(high / low) || 1
  const all = roundNumbers(low, high)
  const ticks = span > 3.5 ? all.filter((value) => Number.isInteger(round(Math.log10(value)))) : all
  const digits = decades(low, high).flatMap((decade) => [2, 3, 4, 5, 6, 7, 8, 9].map((digit) => digit * decade))
  return {
    ticks,
    minorTicks: digits.filter((value) => value >= low && value <= high && !ticks.some((tick) => round(tick / value) === 1)),
    place: (value) => from + (Math.log10(Math.max(value, low) / low) / span) * (to - from),
  }
}

/**
 * Percentages by their number of nines: 90 % is one, 99 % two. As many as `count` values can tell; 100 % stands a little beyond the last,
 * where no logarithm would ever get.
 */
export function ninesScale(count: number, from: number, to: number): Scale {
  const ticks = [90, 99, 99.9, 99.99].filter((percent, index) => index < 2 || count * (1 - percent / 100) >= 1)
  const last = ticks.length + 0.35
  const nines = (percent: number): number => (percent >= 100 ? last : Math.min(-Math.log10(1 - percent / 100), last))
  return { ticks: [0, 50, ...ticks, 100], minorTicks: [], place: (percent) => from + (nines(percent) / last) * (to - from) }
}

/** 1, 2 and 5 times the powers of ten, within the bounds. */
function roundNumbers(low: number, high: number): number[] {
  return decades(low, high)
    .flatMap((decade) => [decade, 2 * decade, 5 * decade])
    .filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9))
}

function decades(low: number, high: number): number[] {
  const first = Math.floor(round(Math.log10(low)))
  const last = Math.ceil(round(Math.log10(high)))
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

/** Away with the last bits, so that 10 ** 2 and 100 are the same. */
function round(value: number): number {
  return Math.round(value * 1e9) / 1e9
}
