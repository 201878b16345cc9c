import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { ulid } from 'ulid'
import { type ErrorCode, SkerryError, toProblem } from '../errors/index.ts'

/** What is answered to bytes that are no request, so that no route sees them: a problem document, as to everything else. */
function malformedAnswer(code: ErrorCode, detail: string): { readonly status: number; readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const error = new SkerryError(code, detail)
  const body = JSON.stringify(toProblem(error, ulid()))
  const headers = { 'content-type': 'application/problem+json', 'content-length': String(Buffer.byteLength(body)), 'x-skerry-error': code, connection: 'close' }
  return { status: error.status, body, headers }
}

/** For requests with a host or a URL that is none. */
export function malformedResponse(): Response {
  const { status, body, headers } = malformedAnswer('bad_request', 'The host or the URL of the request is malformed.')
  return new Response(body, { status, headers })
}

/** Answers what Node's parser refuses. */
export function answerMalformed(server: Server): void {
  server.on('clientError', (error: Error & { readonly code?: string }, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    const { status, body, headers } = error.code === 'HPE_HEADER_OVERFLOW'
      ? malformedAnswer('request_too_large', 'The head of the request is too long.')
      : malformedAnswer('bad_request', isLate ? 'The request did not come to its end in time.' : 'What came is no HTTP request.')
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} Refused\r\n${head.join('')}\r\n${body}`)
    // The rest may be there, and unread because this process stood still: whoever is told no is not to have it carried out.
    if (isLate) socket.destroy()
  })
  server.on('checkExpectation', (_request, response) => {
    const { status, body, headers } = malformedAnswer('bad_request', 'The header `expect` asks for something else than 100-continue.')
    response.writeHead(status, headers).end(body)
  })
}
