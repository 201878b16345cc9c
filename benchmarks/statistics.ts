/** Order statistics of raw measurements. Nothing is averaged away: the raw values stay in the results file. */

/**
 * The `percent`-th percentile, interpolated linearly between the two nearest ranks (type 7, as in R and NumPy).
 * Throws a RangeError for an empty list or a percentage outside 0 to 100.
 */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('A percentile needs at least one value.')
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`A percentile lies between 0 and 100, not ${percent}.`)
  const sorted = ascending(values)
  const rank = (percent / 100) * (sorted.length - 1)
  const below = Math.floor(rank)
  const low = sorted[below] ?? 0
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low
  return low + (high - low) * (rank - below)
}

/** The middle value; of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

export interface Summary {
  readonly count: number
  readonly min: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** The order statistics that every row of the report shows, in the unit of the values. */
export function summarize(values: readonly number[]): Summary {
  return {
    count: values.length,
    min: percentile(values, 0),
    p50: percentile(values, 50),
    p90: percentile(values, 90),
    p99: percentile(values, 99),
    max: percentile(values, 100),
  }
}

/** Each statistic's median over the rounds; `count` is the total of all rounds. */
export function medianOfSummaries(rounds: readonly Summary[]): Summary {
  const over = (read: (summary: Summary) => number): number => median(rounds.map(read))
  return {
    count: rounds.reduce((total, round) => total + round.count, 0),
    min: over((round) => round.min),
    p50: over((round) => round.p50),
    p90: over((round) => round.p90),
    p99: over((round) => round.p99),
    max: over((round) => round.max),
  }
}

/** The same of what is known at some percentages alone: percent, value, both rising. The smallest known stands for `min`. */
export function summarizeCurve(curve: readonly (readonly [number, number])[], count: number): Summary {
  const at = (percent: number): number => {
    const after = curve.findIndex(([each]) => each >= percent)
    const [above, high] = curve[after] ?? curve.at(-1) ?? [100, 0]
    const [below, low] = curve[Math.max(after - 1, 0)] ?? [above, high]
    return above <= percent || above === below ? high : low + (high - low) * ((percent - below) / (above - below))
  }
  return { count, min: curve[0]?.[1] ?? 0, p50: at(50), p90: at(90), p99: at(99), max: at(100) }
}

/** The median over several curves at each of their percentages. */
export function medianOfCurves(curves: readonly (readonly (readonly [number, number])[])[]): readonly (readonly [number, number])[] {
  const [first = []] = curves
  return first.map(([percent], index) => [percent, median(curves.flatMap((curve) => curve[index]?.[1] ?? []))] as const)
}

/** The empirical distribution: for each value in rising order, the share (0 to 1) of values at or below it. */
export function distribution(values: readonly number[]): readonly { readonly value: number; readonly share: number }[] {
  return ascending(values).map((value, index, all) => ({ value, share: (index + 1) / all.length }))
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((left, right) => left - right)
}
