import type { Outcomes } from '../outcome.ts'

/** What belongs to other functions: values, cache, memory, requests. Every answer of the corpus is searched for their secrets besides. */
const contained = { answers: 'contained', limits: { cpuMs: 2_000 } } as const

export const outcomes: Outcomes = {
  environment: contained,
  cache: contained,
  'fresh-memory': contained,
  bodies: contained,
  'blob-urls': contained,
  'forged-headers': contained,
  'isolate-ids': contained,
  'planted-globals': { ...contained, isolation: 'request' },
  'values-of-process': contained,
}
