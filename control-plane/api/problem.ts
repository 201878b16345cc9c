import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { z } from 'zod'
import { SkerryError, toProblem } from '../../errors/index.ts'
import type { ApiEnvironment } from './context.ts'

/** Whatever a route throws, as an error of the registry. */
export function toSkerryError(error: unknown): SkerryError {
  if (error instanceof SkerryError) return error
  if (error instanceof HTTPException) {
    if (error.status === 415) {
      return new SkerryError('invalid_request', 'Send the body with `content-type: application/json`.', { field: 'content-type' })
    }
    if (error.status < 500) return new SkerryError('invalid_request', error.message || 'The request is malformed.', { field: 'body', cause: error })
  }
  return new SkerryError('internal_error', undefined, { cause: error })
}

/** A refusal as RFC 9457 problem details. */
export function problemResponse(context: Context<ApiEnvironment>, error: SkerryError): Response {
  const { retryAfterSeconds } = error
  return new Response(JSON.stringify(toProblem(error, context.get('requestId'))), {
    status: error.status,
    headers: {
      'content-type': 'application/problem+json',
      'x-skerry-error': error.code,
      ...(error.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
  })
}

/** What zod found, as one refusal that names the first field at fault and tells of all. */
export function invalidRequest(error: z.ZodError): SkerryError {
  const findings = error.issues.map((issue) => {
    const path = issue.path.map(String)
    // The path of unknown keys ends at the object that has them.
    const field = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''].join('.') : path.join('.')
    return { field: field === '' ? 'body' : field, text: `${field === '' ? 'the body' : field}: ${issue.message}` }
  })
  const field = findings[0]?.field
  const detail = findings.slice(0, 20).map(({ text }) => text).join('; ')
  return new SkerryError('invalid_request', detail, field === undefined ? {} : { field })
}
