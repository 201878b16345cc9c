import type { ServerResponse } from 'node:http'
import { errorRegistry, type SkerryError, toProblem } from '../../errors/index.ts'
import { internalHeaders, type NotBegun } from './internal-headers.ts'

export interface ProblemContext {
  readonly requestId: string
  readonly node: string
  /** Left out by a gateway, which stands in no region. */
  readonly region?: string | undefined
  readonly version?: string | undefined
  /** Set on the internal listener where no code of the function ran. */
  readonly notBegun?: NotBegun | undefined
  readonly close?: boolean
}

function problemHeaders(error: SkerryError, length: number, context: ProblemContext): string[] {
  const headers = [
    'content-type', 'application/problem+json',
    'content-length', String(length),
    'cache-control', 'no-store',
    'x-skerry-error', error.code,
    'x-skerry-id', context.requestId,
    'x-skerry-node', context.node,
    // Nothing of a function is in it: pages of other origins may read why they were refused.
    'access-control-allow-origin', '*',
    'access-control-expose-headers', 'x-skerry-error, x-skerry-id, retry-after',
  ]
  if (context.region !== undefined) headers.push('x-skerry-region', context.region)
  if (context.version !== undefined) headers.push('x-skerry-version', context.version)
  if (error.retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfter(error, error.retryAfterSeconds)))
  // https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
  if (error.code === 'upgrade_required') headers.push('upgrade', 'websocket', 'sec-websocket-version', '13')
  if (context.notBegun !== undefined) headers.push(internalHeaders.notBegun, context.notBegun)
  if (context.close === true) headers.push('connection', 'close')
  return headers
}

/** Seconds. */
function retryAfter(error: SkerryError, seconds: number): number {
  const { retrySpreadSeconds = 0 } = errorRegistry[error.code]
  return seconds + Math.floor(Math.random() * (retrySpreadSeconds + 1))
}

/** What is told to the gateway where nothing of the request ran. A node that drains refuses whatever comes, however little it has to do. */
export function notBegunOf(error: SkerryError, isDraining: boolean): NotBegun {
  return !isDraining && isBusy(error) ? 'busy' : '1'
}

/** Whether the request may be welcome a moment later. */
export function isBusy(error: SkerryError): boolean {
  return error.code === 'overloaded' || error.code === 'concurrency_limit_exceeded' || error.code === 'rate_limit_exceeded'
}

/** Answers with the problem document of an error. @see https://www.rfc-editor.org/rfc/rfc9457 */
export function answerProblem(response: ServerResponse, error: SkerryError, context: ProblemContext): void {
  const body = Buffer.from(JSON.stringify(toProblem(error, context.requestId)))
  if (context.close === true) response.shouldKeepAlive = false
  response.writeHead(error.status, problemHeaders(error, body.length, context))
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** The same as it stands on the wire, for a connection whose request could not be parsed, or was not read. It ends the connection. */
export function problemText(error: SkerryError, context: ProblemContext): string {
  const body = JSON.stringify(toProblem(error, context.requestId))
  const headers = problemHeaders(error, Buffer.byteLength(body), { ...context, close: true })
  let text = `HTTP/1.1 ${error.status} ${errorRegistry[error.code].title}\r\ndate: ${new Date().toUTCString()}\r\n`
  for (let index = 0; index < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`
  return `${text}\r\n${body}`
}
