/** Time, injected so that tests decide when it passes. All amounts in milliseconds. */
export interface Clock {
  /** Since the Unix epoch. */
  nowMs(): number
  /** For durations; never goes back. */
  monotonicMs(): number
  /** Calls back once, unless the returned function is called before. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
