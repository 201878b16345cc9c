import type { Outcomes } from '../outcome.ts'

/** Probes of time, as attacks on the processor's caches need them. */
const contained = { answers: 'contained', limits: { cpuMs: 2_000 } } as const

export const outcomes: Outcomes = {
  'in-a-turn': contained,
  'other-clocks': contained,
  counting: contained,
}
