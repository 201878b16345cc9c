import { ResetCode } from '../../bridge/index.ts'
import { DOMException } from '../dom-exception.ts'

/** The error that a `reset` from the host, or its refusal, is inside: a TypeError with the code of the registry on `.code`. */
export function createFailure(code: string, message: string): TypeError {
  const error = new TypeError(message === '' ? 'The connection failed' : message)
  if (code !== ResetCode.aborted && code !== ResetCode.failed && code !== '') {
    Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true })
  }
  return error
}

/** The host's refusal of a subrequest, `code\nmessage`. */
export function createRefusal(answer: unknown): TypeError {
  const [code = '', message = 'The request was refused'] = typeof answer === 'string' ? answer.split('\n') : []
  return createFailure(code, message)
}

/** What a signal aborts with when the client has gone. */
export function createClientGone(): DOMException {
  return new DOMException('The client has closed the connection', 'AbortError')
}

/** For whatever is still waiting when its request is over. */
export function createRequestOver(): TypeError {
  return new TypeError('The request that this belonged to is over: await it in the handler, or pass it to ctx.waitUntil')
}
