export { type ErrorAudience, type ErrorCode, type ErrorDefinition, errorRegistry, isErrorCode } from './registry.ts'
export { type Problem, SkerryError, type SkerryErrorOptions, toProblem } from './skerry-error.ts'
