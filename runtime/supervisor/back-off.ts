/** The last `count` of these times that lie within the window, now among them. */
export function recentTimes(timesMs: readonly number[], nowMs: number, { windowMs, count }: { readonly windowMs: number; readonly count: number }): number[] {
  return [...timesMs.filter((timeMs) => nowMs - timeMs < windowMs), nowMs].slice(-count)
}

/** The wait that follows this one: twice as long, within bounds; the least after 0. */
export function nextBackOffMs(backOffMs: number, { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }): number {
  return Math.min(Math.max(backOffMs * 2, minMs), maxMs)
}
