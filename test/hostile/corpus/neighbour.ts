/** What `neighbour.js` answers. */
export interface NeighbourAnswer {
  readonly id: string
  readonly payload: string
  /** Of its isolate: another once that was replaced. */
  readonly born: string
  /** Whether its globals and its cache are as it left them. */
  readonly isClean: boolean
}

/** What the neighbour in this account holds in its environment, its memory and its cache. */
export const secretOf = (account: string): string => `the-secret-of-${account}-5b1f`

/** A neighbour's answers over a while. */
export interface NeighbourRecord {
  /** Times to its right answers, in milliseconds. */
  readonly timesMs: number[]
  /** What else came. */
  readonly faults: string[]
  /** Of the isolates that answered. */
  readonly born: Set<string>
}

export interface NeighbourLoad {
  readonly record: NeighbourRecord
  /** Resolves when so many answers more have come. */
  more(answers: number): Promise<void>
  /** Lets what is under way end. */
  stop(): Promise<NeighbourRecord>
}

/** One request after the other, with a pause between, so that the load is gentle. */
export function startNeighbourLoad(ask: () => Promise<NeighbourAnswer>, pauseMs: number): NeighbourLoad {
  const record: NeighbourRecord = { timesMs: [], faults: [], born: new Set() }
  const stopping = new AbortController()
  let waiters: (() => void)[] = []
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startedMs = performance.now()
      try {
        const { born } = await ask()
        record.timesMs.push(performance.now() - startedMs)
        record.born.add(born)
      } catch (error) {
        record.faults.push(String(error))
      }
      for (const waiter of waiters.splice(0)) waiter()
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  const working = work()
  return {
    record,
    async more(answers) {
      const wanted = record.timesMs.length + record.faults.length + answers
      while (record.timesMs.length + record.faults.length < wanted) {
        await new Promise<void>((resolve) => {
          waiters.push(resolve)
        })
      }
    },
    async stop() {
      stopping.abort()
      await working
      waiters = []
      return record
    },
  }
}

/** The time that 99 of 100 keep to. NaN for none. */
export function percentile99(timesMs: readonly number[]): number {
  const sorted = timesMs.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN
}
