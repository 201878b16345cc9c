import type { Answer } from './test-cluster.ts'

/** One answer, or the error in its place, with where the test stood when it was asked and when it was answered. */
export interface Sample {
  readonly worker: number
  readonly answer: Answer | undefined
  readonly error: unknown
  /** Of `stage` at the beginning and at the end. */
  readonly from: number
  readonly to: number
}

export interface SteadyLoad {
  readonly samples: readonly Sample[]
  /** Resolves when every worker has had so many more answers. */
  more(answersEach: number): Promise<void>
  /** Lets what is under way end. */
  stop(): Promise<readonly Sample[]>
}

export interface SteadyLoadOptions {
  readonly workers: number
  readonly ask: (worker: number) => Promise<Answer>
  /** What the test has done so far; kept with each sample. */
  readonly from?: () => number
  readonly to?: () => number
}

/** Workers that ask again as soon as they are answered, and keep every answer. */
export function startSteadyLoad({ workers, ask, from = () => 0, to = from }: SteadyLoadOptions): SteadyLoad {
  const samples: Sample[] = []
  const counts = Array.from({ length: workers }, () => 0)
  const stopping = new AbortController()
  let wake: (() => void)[] = []
  const work = async (worker: number): Promise<void> => {
    while (!stopping.signal.aborted) {
      const begun = from()
      try {
        const answer = await ask(worker)
        samples.push({ worker, answer, error: undefined, from: begun, to: to() })
      } catch (error) {
        samples.push({ worker, answer: undefined, error, from: begun, to: to() })
      }
      counts[worker] = (counts[worker] ?? 0) + 1
      for (const waiter of wake.splice(0)) waiter()
    }
  }
  const working = Promise.all(counts.map((_, worker) => work(worker)))
  return {
    samples,
    async more(answersEach) {
      const wanted = counts.map((count) => count + answersEach)
      while (counts.some((count, worker) => count < (wanted[worker] ?? 0))) {
        await new Promise<void>((resolve) => {
          wake.push(resolve)
        })
      }
    },
    async stop() {
      stopping.abort()
      await working
      wake = []
      return samples
    },
  }
}

/** What went wrong, in words, for an assertion that nothing did. */
export function failuresOf(samples: readonly Sample[]): readonly string[] {
  return samples.flatMap(({ answer, error }) => {
    if (answer === undefined) return [String(error)]
    return answer.status === 200 ? [] : [`${answer.status} ${answer.text}`]
  })
}
