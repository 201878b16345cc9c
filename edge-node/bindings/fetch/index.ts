export { AddressFilter } from './address-filter.ts'
export { createFetchBinding, type FetchBinding, type FetchBindingOptions } from './fetch-binding.ts'
export { type ResolveHost } from './guarded-agent.ts'
export { type OperatorRules } from './outbound-rules.ts'
