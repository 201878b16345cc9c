import { SkerryError } from '../../../errors/index.ts'
import type { Subrequest, SubrequestDispatcher, SubrequestHandler, SubrequestResponder } from '../../../runtime/supervisor/index.ts'
import { RequestOrigin } from '../../ingress/index.ts'
import { HeldBytes } from '../held-bytes.ts'
import { requireGoodPort } from './bad-port.ts'
import { SubrequestBudgets } from './budget.ts'
import { CallClient } from './call-client.ts'
import { CallTrees } from './call-tree.ts'
import { ConnectionCount } from './connection-count.ts'
import { decoderBytesMax } from './content-decoding.ts'
import type { ResolveHost } from './guarded-agent.ts'
import { hopsBefore, loopHeader, loopHeaderOf, requireFewHops } from './hops.ts'
import { createNetworkTransport } from './network-transport.ts'
import { createNodeTransport, isOwnUrl, type NodeTransportOptions } from './node-transport.ts'
import { OutboundClients } from './outbound-clients.ts'
import { OutboundPolicies, type OutboundPolicy } from './outbound-policy.ts'
import type { OperatorRules } from './outbound-rules.ts'
import { findHeader, outgoingHeaders } from './outgoing-headers.ts'
import { createResolveHost } from './resolve-host.ts'
import { createSocketTransport } from './socket-transport.ts'
import { SubrequestExchange, unsentBytesMax } from './subrequest-exchange.ts'
import type { Transport } from './transport.ts'
import { UnfinishedRelays } from './unfinished-relays.ts'

export interface FetchBindingOptions extends NodeTransportOptions, OperatorRules {
  readonly resolve?: ResolveHost
  /** Connections that functions may have open together. */
  readonly connectionsMax?: number
  /** Bytes of bodies that they may have begun to send together. */
  readonly unsentBytesMax?: number
}

export interface FetchBinding {
  readonly dispatch: SubrequestDispatcher
  /** Breaks what is under way off. */
  close(): Promise<void>
}

const idleHandler: SubrequestHandler = { onChunk: () => undefined, onEnd: () => undefined, abort: () => undefined, resume: () => undefined }

/**
 * What `fetch` and `WebSocket` inside a function do. Fails with `address_blocked`, `subrequest_limit_exceeded`, `hop_limit_exceeded`,
 * `overloaded` and `subrequest_failed`, each catchable inside. Throws `config_invalid` for a malformed outbound rule.
 */
export function createFetchBinding(options: FetchBindingOptions): FetchBinding {
  const policies = new OutboundPolicies(options)
  const clients = new OutboundClients(options.resolve ?? createResolveHost(), new ConnectionCount(options.connectionsMax))
  const budgets = new SubrequestBudgets()
  const trees = new CallTrees()
  const unfinished = new UnfinishedRelays()
  const callClient = new CallClient(options.sockets.unfinished)
  const held = new HeldBytes(decoderBytesMax)
  const unsent = new HeldBytes(options.unsentBytesMax ?? unsentBytesMax)

  const outside = (policy: OutboundPolicy, webSocket: boolean): Transport => {
    const { agent, connect, progress } = clients.of(policy)
    if (!webSocket) return createNetworkTransport({ agent, progress, host: { account: policy.account, held } })
    return createSocketTransport((to, done) => connect({ ...to, host: to.hostname }, (error, socket) => done(error, socket)), policy.account, options.sockets.unfinished)
  }

  const dispatch = (subrequest: Subrequest, responder: SubrequestResponder): SubrequestHandler => {
    try {
      const url = parseUrl(subrequest.url)
      const method = checkMethod(subrequest.method)
      const budget = budgets.of(subrequest)
      budget.spend()
      const { parent, webSocket } = subrequest
      const traceparent = parent === undefined ? undefined : findHeader(parent.headers, 'traceparent')
      const hops = hopsBefore(parent)
      const headers = [...outgoingHeaders(subrequest.headers, traceparent, !webSocket), loopHeader, loopHeaderOf(hops)]
      const first = { method, url, headers, body: subrequest.body, webSocket }
      const policy = policies.of(subrequest.version)
      const exchange = new SubrequestExchange(subrequest, first, responder, {
        budget, held: unsent, waits: webSocket ? undefined : RequestOrigin.of(parent)?.waits,
        transportFor(to) {
          requireNoCredentials(to)
          if (isOwnUrl(options.table(), to, options.publicPort())) {
            policy.requireFunctionHost(to)
            return createNodeTransport(options, { subrequest, hops: hops.count, budgets, trees, unfinished, callClient })
          }
          requireFewHops(hops.count)
          requireGoodPort(to)
          policy.requireHost(to)
          return outside(policy, webSocket)
        },
      })
      exchange.start()
      return exchange
    } catch (error) {
      const known = error instanceof SkerryError ? error : new SkerryError('subrequest_failed', 'The subrequest failed.', { cause: error })
      // The caller does not have its handler yet.
      queueMicrotask(() => responder.error(known))
      return idleHandler
    }
  }
  return { dispatch, close: async () => void (await Promise.all([clients.close(), callClient.close()])) }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new SkerryError('subrequest_failed', 'Only http and https URLs can be fetched.')
  }
  return url
}

function requireNoCredentials(url: URL): void {
  if (url.username !== '' || url.password !== '') throw new SkerryError('subrequest_failed', 'A URL with credentials can not be fetched.')
}

function checkMethod(method: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(method) || /^(?:connect|trace|track)$/i.test(method)) {
    throw new SkerryError('subrequest_failed', 'This method can not be used.')
  }
  return method
}
