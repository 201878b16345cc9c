import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientDetails } from './internal-headers.ts'

/** Why a node does not answer a request itself. */
export type ForwardReason =
  /** The version may not run here. */
  | 'region'
  /** It has not come to know the function, or its script. */
  | 'unsynchronised'
  | 'draining'
  /** It has too much to do, or the account or the function its fill: only nodes that have not are asked, within a budget. */
  | 'load'
  | 'placement'

/** What the node knows of a request that it hands to another. */
export interface ForwardContext {
  readonly reason: ForwardReason
  readonly requestId: string
  /** When it came here, by `performance.now()`. */
  readonly startedMs: number
  readonly hops: number
  readonly client: ClientDetails
  /** Host that the client asked for, port included: the `host` of the hop. */
  readonly host: string
  /** Path and query, as received. */
  readonly target: string
  /**
   * The request's headers, flat and in lower case, without hop-by-hop headers, `host`, `expect`, `content-length` and `x-skerry-*`
   * (but for the documented inputs). `authorization` is the client's: send it as `internalHeaders.clientAuthorization`
   * (`internalHeaderFields` does).
   */
  readonly headers: readonly string[]
  readonly clientAuthorization: string | undefined
  /** Length of the body where the client gave one; `hasBody` false where there is none. */
  readonly contentLength: number | undefined
  readonly hasBody: boolean
  /** Where the version may run; `['*']` everywhere. */
  readonly regions: readonly string[]
  /** Which `set-cookie` of the answer may reach the client, who may have come by a name of this very node; all unless given. */
  readonly keepsCookie?: ((setCookie: string) => boolean) | undefined
  /** To be called once before the body is read: answers `Expect: 100-continue`. */
  readonly accept: () => void
  /** Name of the one node that it shall go to; what can not be repeated for its body goes on to others. */
  readonly only?: string | undefined
  /** Tells when the head of the answer came, of which node, and with which status. */
  readonly onHead?: ((node: string, status: number) => void) | undefined
  /** Tells that no node took it since one had too much to do. */
  readonly onBusy?: (() => void) | undefined
}

/** Other nodes that may answer a function's call of another, nearest first. */
export interface CallNodes {
  readonly internalToken: string
  /** PEM of the authorities that their internal ports are checked by; the usual ones unless set. */
  readonly ca: string | undefined
  readonly nodes: ReadonlyArray<{ readonly name: string; readonly internalOrigin: string }>
}

/** Sends a request on to the nearest other node that can answer it. Implemented by `edge-node/routing/forwarding`. */
export interface Forwarder {
  /**
   * Resolves true where the answer has been given (or broken off after it began), and false where no node took the request:
   * then nothing was written to `response` and the caller answers `no_healthy_node`, or the request itself if it has no body. Never rejects.
   */
  forward(request: IncomingMessage, response: ServerResponse, context: ForwardContext): Promise<boolean>
  /** Where a function's call goes that may not run here. Never rejects. */
  nodesFor?(call: { readonly regions: readonly string[]; readonly host: string }): Promise<CallNodes>
}
