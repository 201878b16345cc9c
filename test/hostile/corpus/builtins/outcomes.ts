import type { Outcomes } from '../outcome.ts'

/** Work inside one call of the platform, where the engine looks for interrupts late or never. */
const cut = { code: ['cpu_limit_exceeded', 'memory_limit_exceeded'], cell: 'replaced', withinMs: 6_000 } as const

export const outcomes: Outcomes = {
  fill: cut,
  'big-integers': cut,
  'big-integer-text': cut,
  replace: cut,
  sort: cut,
  'typed-sort': cut,
  'from-length': { ...cut, code: ['cpu_limit_exceeded', 'memory_limit_exceeded', 'isolate_crashed', 'uncaught_exception'] },
  holes: cut,
  collate: cut,
  normalize: cut,
  segment: cut,
  search: cut,
  stringify: { ...cut, code: ['cpu_limit_exceeded', 'memory_limit_exceeded', 'uncaught_exception'] },
  join: { ...cut, code: ['cpu_limit_exceeded', 'memory_limit_exceeded', 'uncaught_exception'] },
  flat: { ...cut, code: ['cpu_limit_exceeded', 'uncaught_exception'] },
  encode: cut,
  'decode-legacy': cut,
  digest: cut,
  derive: { answers: 'contained' },
  'generate-key': { answers: 'contained' },
  'forged-costs': { answers: 'contained', limits: { cpuMs: 1_000 } },
  compress: cut,
  decompress: { ...cut, limits: { memoryMb: 64, cpuMs: 3_000 } },
  base64: cut,
  dates: cut,
}
