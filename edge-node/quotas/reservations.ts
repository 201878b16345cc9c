/** What is asked of a version that gets traffic. */
export interface ReservingVersion {
  readonly runnable: { readonly account: string; readonly functionName: string }
  readonly reservedConcurrency: number
}

/** What functions have reserved, by account: the most that any of a function's active versions asks for. */
export function reservationsOf(active: Iterable<ReservingVersion>): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const accounts = new Map<string, Map<string, number>>()
  for (const { runnable, reservedConcurrency } of active) {
    if (reservedConcurrency === 0) continue
    const { account, functionName } = runnable
    const functions = accounts.get(account) ?? new Map<string, number>()
    accounts.set(account, functions.set(functionName, Math.max(reservedConcurrency, functions.get(functionName) ?? 0)))
  }
  return accounts
}
