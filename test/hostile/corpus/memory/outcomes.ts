import type { Outcomes } from '../outcome.ts'

const limits = { memoryMb: 32, cpuMs: 1_000 }
/** By V8's count, by the watchdog's of what the process has, or by an allocation that fails; filling memory takes time too. */
const exhausted = {
  code: ['memory_limit_exceeded', 'cpu_limit_exceeded', 'uncaught_exception', 'isolate_crashed'], cell: 'replaced', withinMs: 8_000, limits,
} as const

/** Ways to more memory than the limit: within V8's own bookkeeping, around it, and by what ends its process. */
export const outcomes: Outcomes = {
  map: exhausted,
  split: exhausted,
  holes: exhausted,
  'array-push': exhausted,
  objects: exhausted,
  strings: exhausted,
  'two-byte-strings': exhausted,
  'array-buffers': exhausted,
  'transferred-buffers': exhausted,
  'resizable-buffers': { answers: 'contained' },
  'host-answers': exhausted,
  formatters: exhausted,
  functions: exhausted,
  expressions: exhausted,
  promises: exhausted,
  'weak-references': exhausted,
  closures: exhausted,
  blobs: exhausted,
  tee: exhausted,
  clones: exhausted,
  json: exhausted,
  cache: exhausted,
  marks: exhausted,
  listeners: exhausted,
  'module-state': exhausted,
  queue: exhausted,
  'many-isolates': { answers: 'contained', isolation: 'request', atOnce: 20, limits: { memoryMb: 128, cpuMs: 1_000 }, withinMs: 15_000, cell: 'replaced' },
  'deep-list': { answers: 'contained', limits: { cpuMs: 2_000 } },
}
