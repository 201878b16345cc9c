import { getHeader } from '../fetch/index.ts'
import { queueMicrotask } from '../timers/index.ts'
import { handshakeUrl, type SocketControl } from '../websocket/index.ts'
import { requireCurrentRequest } from './isolate-exchanges.ts'
import type { SubrequestExchange } from './subrequest-exchange.ts'
import { openUpgrade } from './upgrade.ts'

/**
 * https://websockets.spec.whatwg.org/#concept-websocket-establish, for the request whose turn it is. The connection ends with its request
 * at the latest. What goes wrong is told by events, after the constructor has returned.
 */
export function connect(url: string, protocols: readonly string[], socket: SocketControl): () => void {
  let exchange: SubrequestExchange | undefined
  let isOver = false
  const fail = (error: unknown): void => {
    if (isOver) return
    isOver = true
    exchange?.abort(error)
    socket.fail(error)
  }
  try {
    const ownerId = requireCurrentRequest()
    const headers = protocols.length === 0 ? [] : ['sec-websocket-protocol', protocols.join(', ')]
    exchange = openUpgrade(ownerId, handshakeUrl(url), headers, {
      resolve: (response) => fail(new TypeError(`The handshake was answered with status ${response.status}`)),
      reject: fail,
      onSwitched: (link, answered) => socket.open(link.sender, link.inbox, getHeader([...answered], 'sec-websocket-protocol') ?? ''),
    })
  } catch (error) {
    queueMicrotask(() => fail(error))
  }
  return () => fail(new TypeError('The WebSocket was closed before it was open'))
}
