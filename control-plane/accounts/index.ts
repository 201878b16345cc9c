export { AccountResidency } from './account-residency.ts'
export { Accounts, type AccountsOptions } from './accounts.ts'
export { Members } from './members.ts'
