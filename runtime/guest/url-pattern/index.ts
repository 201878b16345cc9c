export { buildURLPattern } from './url-pattern.ts'
