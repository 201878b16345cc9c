export { judgeOutcome, type RequestOutcome } from './outcome.ts'
export { UsageReporter, type UsageReporterOptions } from './usage-reporter.ts'
export { type TakenUsage, UsageTable } from './usage-table.ts'
