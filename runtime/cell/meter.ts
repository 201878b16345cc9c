/** CPU time of the calling thread in microseconds: exact around synchronous calls, unlike the clock on a busy machine. */
export function threadCpuMicros(): number {
  const usage = process.threadCpuUsage()
  return usage.user + usage.system
}

/**
 * The wall-clock backstop of a turn that may use `cpuMs` more. What decides is CPU time; the clock is only what can interrupt. So that a
 * turn which waits for a core is not taken for one that overran, it gets twice its CPU and a little.
 */
export function backstopMs(cpuMs: number): number {
  return Math.ceil(Math.max(cpuMs, 1) * 2 + 30)
}
