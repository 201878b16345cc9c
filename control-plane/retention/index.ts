export { artifactRetention } from './artifacts.ts'
export { Retention, type RetentionRule } from './retention.ts'
