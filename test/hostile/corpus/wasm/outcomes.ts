import type { Outcomes } from '../outcome.ts'

/** WebAssembly: what runs in it, and what it is made of. */
const limits = { memoryMb: 64, cpuMs: 1_000 }

export const outcomes: Outcomes = {
  loop: { code: 'cpu_limit_exceeded' },
  start: { code: 'cpu_limit_exceeded' },
  recursion: { answers: 'contained', limits },
  'memory-grows': { answers: 'contained', limits },
  'memory-constructor': { answers: 'contained', limits },
  tables: { code: ['memory_limit_exceeded', 'isolate_crashed', 'cpu_limit_exceeded', 'uncaught_exception'], cell: 'replaced', limits, withinMs: 8_000 },
  'large-function': { code: ['cpu_limit_exceeded', 'memory_limit_exceeded', 'isolate_crashed', 'uncaught_exception'], cell: 'replaced', withinMs: 8_000 },
  'modules-kept': { code: ['cpu_limit_exceeded', 'memory_limit_exceeded', 'isolate_crashed'], cell: 'replaced', limits, withinMs: 8_000 },
  'suspended-stacks': { answers: 'contained', limits },
  'original-constructors': { answers: 'contained' },
}
