/**
 * How requests are spread over functions: classes of functions that are alike, the most popular first. Shares of all functions add up to 1.
 * A million functions are some two thousand classes, so that a model can be asked a thousand times a second.
 */
export interface PopularityClass {
  readonly functions: number
  /** Of all requests, for each of them. */
  readonly share: number
}
export type Popularity = readonly PopularityClass[]

/** The first so many ranks stand for themselves; then each class spans so much of its rank. */
const exactRanks = 1_000
const classWidth = 0.01

/** Zipf's law: the share of the function on rank r goes with 1 / r ** exponent. */
export function zipf(functions: number, exponent: number): Popularity {
  const classes: PopularityClass[] = []
  for (let first = 1; first <= functions;) {
    const last = Math.min(functions, first < exactRanks ? first : Math.floor(first * (1 + classWidth)))
    classes.push({ functions: last - first + 1, share: sumOfPowers(first, last, exponent) / (last - first + 1) })
    first = last + 1
  }
  return normalized(classes)
}

/** The same as a share for each function, by rank, for simulations. */
export function zipfShares(functions: number, exponent: number): Float64Array {
  const shares = Float64Array.from({ length: functions }, (_, index) => (index + 1) ** -exponent)
  const sum = shares.reduce((total, share) => total + share, 0)
  return shares.map((share) => share / sum)
}

/**
 * As one of several regions sees it, where functions have a home: there come `homeShare` of a function's requests from, the rest from all
 * regions alike. Homes are spread evenly, whatever the popularity.
 */
export function regional(popularity: Popularity, { regions, homeShare }: { readonly regions: number; readonly homeShare: number }): Popularity {
  return normalized(popularity.flatMap(({ functions, share }) => [
    { functions: functions / regions, share: share * (homeShare + (1 - homeShare) / regions) },
    { functions: functions * (1 - 1 / regions), share: (share * (1 - homeShare)) / regions },
  ]).filter(({ functions, share }) => functions > 0 && share > 0))
}

function normalized(classes: Popularity): Popularity {
  const sum = classes.reduce((total, { functions, share }) => total + functions * share, 0)
  return classes.map(({ functions, share }) => ({ functions, share: share / sum }))
}

function sumOfPowers(first: number, last: number, exponent: number): number {
  let sum = 0
  for (let rank = first; rank <= last; rank++) sum += rank ** -exponent
  return sum
}
