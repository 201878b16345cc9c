import type { IncomingMessage, ServerResponse } from 'node:http'
import { SkerryError } from '../../errors/index.ts'
import { answerProblem, type ProblemContext } from './problem-answer.ts'
import { readRequestHead } from './request-head.ts'

/** That of HTTPS, which no URL has to name. */
const usualPort = 443

/** Makes what answers on a port without TLS: every request is to be made again by HTTPS, with its method and body. */
export function createRedirectHandler(
  port: () => number, problemContext: () => ProblemContext,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    try {
      const { hostName, target } = readRequestHead(request)
      const authority = port() === usualPort ? hostName : `${hostName}:${port()}`
      // Nothing is read of a body that went out unencrypted already.
      response.writeHead(308, ['location', `https://${authority}${target}`, 'content-length', '0', 'connection', 'close'])
      response.end()
    } catch (error) {
      const refusal = error instanceof SkerryError ? error : new SkerryError('internal_error', 'The request can not be redirected.', { cause: error })
      answerProblem(response, refusal, { ...problemContext(), close: true })
    }
  }
}
