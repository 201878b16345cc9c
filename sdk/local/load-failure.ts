import { SkerryError } from '../../errors/index.ts'
import type { StackMapper } from '../source-map/index.ts'

function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  // SkerryErrors wrap; the error at the bottom is the function's own.
  if (error instanceof SkerryError) return stackOf(error.cause)
  return error.stack
}

/** A `load_failed` of a local edge with the function's stack, mapped to its sources, in the message; other errors as they are. */
export function explainLoadFailure(error: unknown, mapperOf: (functionName: string) => StackMapper | undefined): unknown {
  if (!(error instanceof SkerryError) || error.code !== 'load_failed') return error
  const stack = stackOf(error)
  if (stack === undefined) return error
  const name = error.field ?? ''
  return new SkerryError('load_failed', `${error.message}\n${mapperOf(name)?.(stack) ?? stack}`, { field: name, cause: error.cause })
}
