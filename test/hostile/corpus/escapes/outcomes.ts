import type { Outcomes } from '../outcome.ts'

/** Ways out of the isolate, to the bridge, or to what was taken away. Each says `contained` only where it tried and found nothing. */
const contained = { answers: 'contained', limits: { cpuMs: 3_000 } } as const

export const outcomes: Outcomes = {
  constructors: contained,
  globals: contained,
  'call-sites': contained,
  'overflow-sites': { ...contained, withinMs: 6_000 },
  callers: contained,
  imports: contained,
  'boundary-errors': contained,
  'prototype-spies': contained,
  'planted-accessors': contained,
  'arguments-that-change': contained,
  'buffers-that-change': contained,
  'rebuilt-globals': contained,
  'polluted-prototypes': { ...contained, headers: { 'x-injected': null } },
  'kept-request': contained,
  'endless-string-tag': contained,
  'answers-itself': { code: 'no_response' },
  'asks-senselessly': { code: 'uncaught_exception' },
  'answers-senselessly': { code: 'no_response' },
}
