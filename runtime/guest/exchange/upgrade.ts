import { encodeRequestHead, HostOperation } from '../../bridge/index.ts'
import { type AbortSignal, onAbort } from '../events/index.ts'
import type { Response } from '../fetch/index.ts'
import { callHost } from '../host.ts'
import type { SocketLink } from '../websocket/index.ts'
import { createRefusal } from './errors.ts'
import { exchanges } from './isolate-exchanges.ts'
import { SubrequestExchange } from './subrequest-exchange.ts'

export interface UpgradeOptions {
  readonly resolve: (response: Response) => void
  readonly reject: (reason: unknown) => void
  readonly onSwitched?: (link: SocketLink, headers: readonly string[]) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a subrequest that asks for a WebSocket: what is answered with 101 goes to `onSwitched`, or comes as a Response with a `webSocket`.
 * The node makes the handshake's own headers. Throws where the host refuses.
 */
export function openUpgrade(ownerId: number, url: string, headers: readonly string[], options: UpgradeOptions): SubrequestExchange {
  const { signal, ...outcome } = options
  const head = encodeRequestHead({ method: 'GET', url, metadata: '{"redirect":"manual","webSocket":true}', headers })
  const opened = callHost(HostOperation.subrequest, ownerId, head, true)
  if (typeof opened !== 'number') throw createRefusal(opened)
  let stopListening: (() => void) | undefined
  const exchange = new SubrequestExchange({
    ...outcome, id: opened, ownerId, source: undefined,
    onOver(over) {
      stopListening?.()
      exchanges.remove(over)
    },
  })
  exchanges.add(exchange)
  if (signal !== undefined) stopListening = onAbort(signal, () => exchange.abort(signal.reason))
  return exchange
}
