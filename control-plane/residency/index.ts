export { listResidencies, readResidency, readResidencyRecord, residencies, type StoredResidency } from './records.ts'
