import type { Outcomes } from '../outcome.ts'

/** Depth: of calls, of values, of what the platform has to walk. */
export const outcomes: Outcomes = {
  plain: { code: 'uncaught_exception' },
  caught: { code: 'cpu_limit_exceeded' },
  json: { code: ['uncaught_exception', 'cpu_limit_exceeded', 'memory_limit_exceeded'], cell: 'replaced', limits: { memoryMb: 256, cpuMs: 500 } },
  clone: { code: 'uncaught_exception', limits: { cpuMs: 500 } },
  log: { answers: 'contained', limits: { cpuMs: 2_000 } },
  proxies: { code: 'uncaught_exception', limits: { cpuMs: 500 } },
  bound: { answers: 'contained', limits: { cpuMs: 500 } },
  prototypes: { answers: 'contained', limits: { cpuMs: 2_000 } },
  events: { answers: 'contained', limits: { cpuMs: 2_000 } },
  errors: { answers: 'contained' },
  streams: { code: ['cpu_limit_exceeded', 'uncaught_exception'] },
  'to-host': { answers: 'contained', limits: { cpuMs: 5_000 } },
}
