import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { CheckedRequest } from '../workload.ts'

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
      method: request.body === undefined ? 'GET' : 'POST',
      headers: {
        ...(request.host === undefined ? {} : { host: request.host }),
        ...(request.body === undefined ? {} : { 'content-type': request.body.type }),
      },
      ...(request.body === undefined ? {} : { body: request.body.text }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    const text = await body.text()
    if (statusCode === 200 && text === request.expectedBody) return headers
    throw new Error(`answered ${statusCode} ${JSON.stringify(text.slice(0, 500))}, not 200 ${JSON.stringify(request.expectedBody.slice(0, 500))}`)
  } catch (error) {
    const isLate = error instanceof Error && (error.name === 'HeadersTimeoutError' || error.name === 'BodyTimeoutError')
    const detail = isLate ? `no answer within ${timeoutMs} ms` : error instanceof Error ? error.message : String(error)
    throw new Error(`${request.host ?? ''} at ${request.url}: ${detail}`, { cause: error })
  }
}
