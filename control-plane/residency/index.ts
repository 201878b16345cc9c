export { KnownResidencies } from './known-residencies.ts'
export { listResidencies, readResidency, readResidencyRecord, residencies, type StoredResidency } from './records.ts'
