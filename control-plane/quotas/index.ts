export { checkUpload, checkVersions, composeReservations, removeReservation } from './quota-checks.ts'
export { AccountLimits, listQuotas, quotaBelongings } from './account-limits.ts'
