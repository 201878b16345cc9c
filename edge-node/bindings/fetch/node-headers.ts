import { randomBytes } from 'node:crypto'
import { type SkerryError, toProblem } from '../../../errors/index.ts'
import type { TransportEvents, TransportRequest } from './transport.ts'

/** The called function believes `x-forwarded-*`, so a caller can't set them. */
export function arrivingHeaders(host: string, headers: readonly string[], body: TransportRequest['body']): string[] {
  const kept = ['host', host]
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!name.startsWith('x-forwarded-')) kept.push(name, headers[index + 1] ?? '')
  }
  if (body instanceof Uint8Array) kept.push('content-length', String(body.length))
  return kept
}

/** What a client sends over the network. */
export function handshakeHeaders(host: string, headers: readonly string[]): string[] {
  const kept = arrivingHeaders(host, headers, undefined)
  kept.push('upgrade', 'websocket', 'connection', 'Upgrade', 'sec-websocket-version', '13', 'sec-websocket-key', randomBytes(16).toString('base64'))
  return kept
}

/** What the caller sees of an answer. */
export function visibleHeaders(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!name.startsWith('x-skerry-') && name !== 'connection' && name !== 'transfer-encoding') kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}

/** The caller gets what a client would get. */
export function answerProblemTo(events: TransportEvents, method: string, error: SkerryError, requestId: string): void {
  const body = Buffer.from(JSON.stringify(toProblem(error, requestId)))
  events.onHead(error.status, '', ['content-type', 'application/problem+json', 'content-length', String(body.length), 'x-skerry-error', error.code])
  if (method !== 'HEAD') events.onChunk(body)
  events.onEnd()
}
