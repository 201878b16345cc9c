export { accountForNodes, checkUpload, checkVersions, composeReservations, readQuotas, removeReservation, suspensions } from './quota-checks.ts'
export { AccountLimits, listForNodes } from './account-limits.ts'
