export { checkUpload, checkVersions, composeReservations, readQuotas, removeReservation, suspensions } from './quota-checks.ts'
export { AccountLimits, listQuotas } from './account-limits.ts'
