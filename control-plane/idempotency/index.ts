export { Idempotency } from './idempotency.ts'
export { IdempotentRun, type Outcome } from './idempotent-run.ts'
export type { Progress } from './record.ts'
