/** What a piece of work took of this thread, in milliseconds of CPU time, which other processes do not change as they do the time by the clock. */
export async function cpuMillisecondsOf<T>(work: () => Promise<T> | T): Promise<{ readonly cpuMs: number; readonly result: T }> {
  const before = process.threadCpuUsage()
  const result = await work()
  const { user, system } = process.threadCpuUsage(before)
  return { cpuMs: (user + system) / 1_000, result }
}

/** What is reachable on the heap, in bytes; needs `--expose-gc`. */
export function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('Start with --expose-gc.')
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
