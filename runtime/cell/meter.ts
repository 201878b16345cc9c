/** CPU time of the calling thread in microseconds: exact around synchronous calls, unlike the clock on a busy machine. */
export function threadCpuMicros(): number {
  const usage = process.threadCpuUsage()
  return usage.user + usage.system
}

