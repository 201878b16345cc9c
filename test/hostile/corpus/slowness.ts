import { availableParallelism, loadavg } from 'node:os'

const spinMs = 40
const slownessMax = 20

/** How many times longer than its CPU time something takes on this machine now: 1 where nothing else wants a core. Takes 40 ms. */
export function slowness(): number {
  const startedMs = performance.now()
  const cpuBefore = process.threadCpuUsage()
  while (performance.now() - startedMs < spinMs);
  const { user, system } = process.threadCpuUsage(cpuBefore)
  const wallMs = performance.now() - startedMs
  return Math.min(Math.max(wallMs / Math.max((user + system) / 1_000, 1), 1), slownessMax)
}

/** How many times more wants to run than there are cores, now or over the last minute; 1 at least. Takes 40 ms. */
export function crowding(): number {
  return Math.max((loadavg()[0] ?? 0) / availableParallelism(), slowness())
}

/** Rejects where it takes longer than so many milliseconds would be on an idle machine. */
export async function withDeadline<T>(what: string, withinMs: number, task: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const startedMs = performance.now()
    const look = (): void => {
      const leftMs = withinMs * slowness() - (performance.now() - startedMs)
      if (leftMs > 0) timer = setTimeout(look, Math.max(leftMs, spinMs))
      else reject(new Error(`${what} did not end within ${withinMs} ms`))
    }
    timer = setTimeout(look, withinMs)
  })
  try {
    return await Promise.race([task(), late])
  } finally {
    clearTimeout(timer)
  }
}
