import type { Dispatcher } from 'undici'
import { problemSchema } from '../../control-plane/protocol/index.ts'
import { type ErrorCode, isErrorCode, SkerryError } from '../../errors/index.ts'

/** What the control plane refused a call with, as an error of the registry. */
export async function refusalOf(method: string, path: string, response: Dispatcher.ResponseData): Promise<SkerryError> {
  const body: unknown = await response.body.json().catch(() => undefined)
  const problem = problemSchema.safeParse(body)
  const code: ErrorCode = problem.success && isErrorCode(problem.data.code) ? problem.data.code : response.statusCode === 404 ? 'not_found' : 'internal_error'
  const detail = problem.success ? problem.data.detail : `status ${response.statusCode}`
  return new SkerryError(code, `${method} ${path.split('?')[0] ?? path} was refused: ${detail}`)
}

/** What keeps the control plane from being reached; where its certificate does, that is said. */
export function unreachableError(url: string, cause: unknown): SkerryError {
  const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : 'unknown'
  return new SkerryError('server_unreachable', `The control plane at ${url} can not be reached (${why}).`, { cause })
}

const ofOneReplica: readonly ErrorCode[] = ['server_unreachable', 'storage_unreachable', 'storage_corrupt', 'overloaded']

/** Whether another replica of the control plane may do what one could not. */
export function isOfOneReplica(error: unknown): boolean {
  return error instanceof SkerryError && ofOneReplica.includes(error.code)
}
