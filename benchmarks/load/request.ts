import { type Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http'
import type { CheckedRequest } from '../peers/peer.ts'

/** Sends one request and reads its answer to the end; rejects unless status and body are exactly right. Resolves with the headers. */
export async function sendChecked(request: CheckedRequest, agent: Agent, timeoutMs: number): Promise<IncomingHttpHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>()
  const outgoing = httpRequest(request.url, {
    agent,
    ...(request.host === undefined ? {} : { headers: { host: request.host } }),
  })
  const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  outgoing.once('error', reject)
  outgoing.once('response', (response) => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      body += text
    })
    response.once('error', reject)
    response.once('end', () => {
      if (response.statusCode === 200 && body === request.expectedBody) resolve(response.headers)
      else reject(new Error(`answered ${response.statusCode} ${JSON.stringify(body.slice(0, 500))}, not 200 ${JSON.stringify(request.expectedBody)}`))
    })
  })
  outgoing.end()
  try {
    return await promise
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new Error(`${request.host ?? ''} at ${request.url}: ${detail}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}
