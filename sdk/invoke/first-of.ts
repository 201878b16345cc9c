import { after } from './timers.ts'

/**
 * What the first of several ways comes to. The next is begun where one fails, or takes longer than `staggerMs`; the others end with the first that
 * succeeds. Rejects with the last failure where all fail.
 */
export function firstOf<Value>(ways: readonly ((signal: AbortSignal) => Promise<Value>)[], staggerMs: number, signal: AbortSignal): Promise<Value> {
  const over = new AbortController()
  let begun = 0
  let failed = 0
  let cancel = (): void => undefined
  return new Promise<Value>((resolve, reject) => {
    const begin = (): void => {
      cancel()
      const way = ways[begun]
      if (way === undefined || over.signal.aborted) return
      begun += 1
      if (begun < ways.length) cancel = after(staggerMs, begin)
      way(AbortSignal.any([signal, over.signal])).then(resolve, (error: unknown) => {
        failed += 1
        if (failed === ways.length || signal.aborted) reject(error)
        else if (failed === begun) begin()
      })
    }
    begin()
  }).finally(() => {
    cancel()
    over.abort()
  })
}
