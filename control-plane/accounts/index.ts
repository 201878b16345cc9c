export { Accounts, type AccountsOptions } from './accounts.ts'
export { Members } from './members.ts'
