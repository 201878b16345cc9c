import { nodeHostOf } from '../../control-plane/protocol/discovery.ts'
import type { Transport } from './transport.ts'

export interface FetchTransportOptions {
  /** Of the page; undefined outside of browsers. */
  readonly pageOrigin: string | undefined
  /** Whether a list of nodes may come from who has not proved by TLS who he is. */
  readonly hasPlainDoor: boolean
}

/**
 * Sends calls by `fetch`, as in browsers, where nobody chooses the address of a connection: a node is reached by the function's name below the
 * node's (`hello.fra-1.nodes.example.com`), and a door by the function's own, which DNS leads to the nearest.
 *
 * What depends on the function's own origin stays there: calls that take cookies along, and those of its own pages. So do calls by HTTPS where
 * the list may be anybody's: a node of it would get them, and what they carry, by a certificate for a name of its own.
 */
export function createFetchTransport(fetchFunction: typeof fetch, { pageOrigin, hasPlainDoor }: FetchTransportOptions): Transport {
  return {
    tellsSent: false,
    reach: ({ url, init }, target, domain) => {
      if (target.kind === 'door') return url
      const node = new URL(target.url)
      const nodeHost = nodeHostOf(target.url, domain)
      if (nodeHost === undefined || !url.hostname.endsWith(`.${domain}`) || init.credentials === 'include' || url.origin === pageOrigin) return undefined
      if (hasPlainDoor && url.protocol === 'https:') return undefined
      const isClear = node.protocol === 'http:'
      if (isClear && (url.protocol === 'https:' || pageOrigin?.startsWith('https:') === true)) return undefined
      const reached = new URL(url)
      reached.protocol = node.protocol
      reached.hostname = url.hostname.slice(0, -domain.length) + nodeHost
      reached.port = node.port
      return reached
    },
    send: ({ init, body }, url, _target, { signal }) => fetchFunction(url, { ...init, signal, ...(body === null ? {} : { body, duplex: 'half' }) }),
    retain: () => undefined,
    close: () => Promise.resolve(),
  }
}
