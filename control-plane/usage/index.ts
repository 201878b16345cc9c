export type { UsageKey } from './recent-usage.ts'
export { UsageSum } from './usage-sum.ts'
export { Usage, type UsageListener, type UsageOptions } from './usage.ts'
