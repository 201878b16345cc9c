import type { QuotaName, QuotaUsage } from '../../control-plane/protocol/index.ts'
import { formatTable } from './table.ts'

/** The flag of each quota, in kebab case, and what it is called in tables. */
export const quotaFlags = [
  ['functions', 'functions', 'functions'],
  ['scriptBytes', 'script-bytes', 'bytes of a script'],
  ['storedBytes', 'stored-bytes', 'bytes stored'],
  ['requestsPerSecond', 'requests-per-second', 'requests a second'],
  ['concurrentRequests', 'concurrent-requests', 'requests at a time'],
  ['cpuSecondsPerDay', 'cpu-seconds-per-day', 'CPU seconds a day (UTC)'],
] as const satisfies ReadonlyArray<readonly [QuotaName, string, string]>

/** What there may be beside what there is. */
export function quotaTable({ limits, used }: QuotaUsage): string {
  const usedOf: Readonly<Partial<Record<QuotaName, number | undefined>>> = {
    functions: used.functions, storedBytes: used.storedBytes, requestsPerSecond: used.requestsPerSecond, concurrentRequests: used.concurrentRequests,
    cpuSecondsPerDay: used.cpuSeconds,
  }
  const text = (value: number | undefined, otherwise: string): string => (value === undefined ? otherwise : String(Math.round(value * 100) / 100))
  return formatTable(['quota', 'used', 'limit'], quotaFlags.map(([name, , label]) => [label, text(usedOf[name], ''), text(limits[name], 'none')]))
}
