/** Of a limit, what is parted evenly whatever is asked, so that a node has something for the first who comes. */
const evenShare = 0.1

/**
 * Parts a limit among who asks, in proportion to what each asked for lately, a tenth of it evenly. The parts add up to the limit: what nobody
 * asks for now is there for who asks next.
 */
export function shareOut(limit: number, demands: readonly number[]): number[] {
  const total = demands.reduce((sum, demand) => sum + demand, 0)
  return demands.map((demand) => limit * (total === 0 ? 1 / demands.length : evenShare / demands.length + ((1 - evenShare) * demand) / total))
}

/** The same in whole numbers: what rounding leaves goes to whoever lost most by it, and among equals to whoever asks most. */
export function shareOutWhole(limit: number, demands: readonly number[]): number[] {
  const exact = shareOut(limit, demands)
  const whole = exact.map(Math.floor)
  let left = limit - whole.reduce((sum, part) => sum + part, 0)
  const lost = (index: number): number => (exact[index] ?? 0) - (whole[index] ?? 0)
  const order = exact.map((_, index) => index).toSorted((a, b) => lost(b) - lost(a) || (demands[b] ?? 0) - (demands[a] ?? 0) || a - b)
  for (const index of order) {
    if (left < 1) break
    whole[index] = (whole[index] ?? 0) + 1
    left -= 1
  }
  return whole
}
