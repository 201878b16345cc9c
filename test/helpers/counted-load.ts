import { Pool } from 'undici'

/** Workers that ask again as soon as they are answered; what comes is counted, not kept. */
export interface CountedLoad {
  /** Answers by status. */
  readonly byStatus: ReadonlyMap<number, number>
  /** What the header `name` of refusals (503) was. */
  values(name: string): ReadonlySet<string>
  /** Failed without an answer. */
  readonly failures: readonly string[]
  stop(): Promise<void>
}

const noted = ['x-skerry-error', 'retry-after'] as const

export function startCountedLoad(url: string, host: string, workers: number): CountedLoad {
  const pool = new Pool(url, { connections: workers, pipelining: 1 })
  const byStatus = new Map<number, number>()
  const values = new Map<string, Set<string>>(noted.map((name) => [name, new Set()]))
  const failures: string[] = []
  const stopping = new AbortController()
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const { statusCode, headers, body } = await pool.request({ path: '/', method: 'GET', headers: { host } })
        await body.dump()
        byStatus.set(statusCode, (byStatus.get(statusCode) ?? 0) + 1)
        if (statusCode === 503) for (const name of noted) values.get(name)?.add(String(headers[name]))
      } catch (error) {
        if (!stopping.signal.aborted) failures.push(String(error))
      }
    }
  }
  const working = Promise.all(Array.from({ length: workers }, work))
  return {
    byStatus, failures,
    values: (name) => values.get(name) ?? new Set(),
    stop: async () => {
      stopping.abort()
      await pool.destroy()
      await working
    },
  }
}
