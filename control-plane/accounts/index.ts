export { Accounts, type AccountsOptions, type Belongings } from './accounts.ts'
export { Members } from './members.ts'
