import type { Outcomes } from '../outcome.ts'

/** Expressions that search for ever. */
export const outcomes: Outcomes = {
  nested: { code: 'cpu_limit_exceeded' },
  alternatives: { code: 'cpu_limit_exceeded' },
  lookbehind: { code: 'cpu_limit_exceeded' },
  polynomial: { code: 'cpu_limit_exceeded' },
  'replace-callback': { code: ['cpu_limit_exceeded', 'uncaught_exception'] },
  'exec-loop': { code: 'cpu_limit_exceeded' },
  'url-pattern': { code: 'cpu_limit_exceeded' },
  'split-species': { code: ['cpu_limit_exceeded', 'memory_limit_exceeded'] },
  compile: { code: ['cpu_limit_exceeded', 'uncaught_exception'] },
}
