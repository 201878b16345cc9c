export { checkUpload, checkVersions, composeReservations, readQuotas, removeReservation, suspensions } from './quota-checks.ts'
export { AccountLimits, listQuotas, quotaBelongings } from './account-limits.ts'
