import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { CheckedRequest } from '../peers/peer.ts'

/**
 * Sends one request and reads its answer to the end; rejects unless status and body are exactly right. Resolves with the headers.
 * By undici, since what the client itself takes is in every figure, and node:http takes several times as long.
 */
export async function sendChecked(request: CheckedRequest, dispatcher: Dispatcher, timeoutMs: number): Promise<IncomingHttpHeaders> {
  const { origin, pathname, search } = new URL(request.url)
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      origin,
      path: pathname + search,
      method: 'GET',
      ...(request.host === undefined ? {} : { headers: { host: request.host } }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    const text = await body.text()
    if (statusCode === 200 && text === request.expectedBody) return headers
    throw new Error(`answered ${statusCode} ${JSON.stringify(text.slice(0, 500))}, not 200 ${JSON.stringify(request.expectedBody)}`)
  } catch (error) {
    const isLate = error instanceof Error && (error.name === 'HeadersTimeoutError' || error.name === 'BodyTimeoutError')
    const detail = isLate ? `no answer within ${timeoutMs} ms` : error instanceof Error ? error.message : String(error)
    throw new Error(`${request.host ?? ''} at ${request.url}: ${detail}`, { cause: error })
  }
}
