import type { Outcomes } from '../outcome.ts'

/** Harm done while being loaded: tried before it is served, and served untried. */
export const outcomes: Outcomes = {
  plain: { code: 'startup_failed', failsToLoad: true, withinMs: 8_000 },
  microtasks: { code: 'startup_failed', failsToLoad: true, withinMs: 8_000 },
  'waits-for-ever': { code: 'startup_failed', failsToLoad: true, withinMs: 8_000 },
  'waits-and-burns': { code: 'startup_failed', failsToLoad: true, withinMs: 8_000 },
  throws: { code: 'startup_failed', failsToLoad: true },
  'throws-endless-getter': { code: ['startup_failed', 'cpu_limit_exceeded'], failsToLoad: true, cell: 'replaced', withinMs: 8_000 },
  'prepares-stack': { code: 'startup_failed', failsToLoad: true, withinMs: 8_000 },
  'export-getter': { code: 'startup_failed', failsToLoad: true, withinMs: 8_000 },
  'export-proxy': { answers: 'contained' },
  'no-handlers': { code: 'startup_failed', failsToLoad: true },
  'imports-file': { code: 'startup_failed', failsToLoad: true },
  'imports-node': { code: 'startup_failed', failsToLoad: true },
  splits: { code: ['memory_limit_exceeded', 'isolate_crashed', 'startup_failed'], failsToLoad: true, cell: 'replaced', withinMs: 8_000 },
  'fills-memory': { code: 'memory_limit_exceeded', failsToLoad: true, cell: 'replaced', withinMs: 8_000 },
  'floods-console': { answers: 'contained' },
  fetches: { answers: 'contained' },
  'marks-itself': { answers: 'contained' },
  'deep-source': { code: 'startup_failed', failsToLoad: true },
}
