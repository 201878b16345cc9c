import { SkerryError } from '../../errors/index.ts'
import type { Coordinates } from '../../geography/index.ts'
import { mayRepeatAfterAnswer, mayRepeatAfterFailure, readCall } from './call.ts'
import { type InvokerNode, NodeDirectory } from './nodes.ts'
import { canChooseAddress, createPlainTransport, type Transport } from './transport.ts'

export interface InvokerOptions {
  /** Where the nodes are listed: a control plane, or its replicas, separated by commas. This or `nodes`. */
  readonly controlPlaneUrl?: string
  /** A token of the control plane that may list nodes. */
  readonly token?: string
  /** The nodes, where they are known already. */
  readonly nodes?: readonly InvokerNode[]
  /** Where the caller is, in degrees. Without it nodes are probed, and the one that answers soonest is the nearest. */
  readonly location?: Coordinates
  /** Used instead of connections of our own; then DNS decides which node a call reaches, as in browsers. */
  readonly fetch?: typeof fetch
  /** DOMAIN of the cluster; `localhost` unless given. */
  readonly domain?: string
}

export interface Invoker {
  /**
   * Calls a function: `invoker.fetch('hello')`, `invoker.fetch('hello/path?query', { method: 'POST', body })`, or by URL or Request.
   * Goes to the nearest healthy node, and to the next nearest where that is safe: nothing was sent, the node vouches that no code
   * ran, or the method is idempotent; bodies that are streams are sent once. Streams both ways; honours the signal.
   *
   * Rejects with `no_healthy_node` where no node answered (`cause`: the last failure), `server_unreachable` or `unauthorized` where
   * nodes could not be listed, `bad_request` for a wrong target, and with the signal's reason.
   */
  fetch(target: string | URL | Request, init?: RequestInit): Promise<Response>
  /** The nodes as they would be tried now, nearest first. */
  nodes(): Promise<readonly { readonly name: string; readonly region: string; readonly url: string; readonly healthy: boolean }[]>
  /** Ends all connections. */
  close(): Promise<void>
}

const attemptsMax = 4
const probeTimeoutMs = 2_000
/** A host that is nobody's: the node answers it at once, without running anything. */
const probeName = 'skerry-probe'

/** Makes a client that calls functions at the nearest node. Throws `invalid_request` without `controlPlaneUrl` or `nodes`. */
export function createInvoker(options: InvokerOptions): Invoker {
  if (options.controlPlaneUrl === undefined && options.nodes === undefined) {
    throw new SkerryError('invalid_request', 'createInvoker needs `controlPlaneUrl` or `nodes`.', { field: 'controlPlaneUrl' })
  }
  const domain = (options.domain ?? 'localhost').toLowerCase()
  let transport: Promise<Transport> | undefined
  const getTransport = (): Promise<Transport> => (transport ??= openTransport(options.fetch, domain))

  const directory = new NodeDirectory({
    nodes: options.nodes, controlPlaneUrl: options.controlPlaneUrl, token: options.token, location: options.location,
    fetch: options.fetch ?? globalThis.fetch,
    measure: async (node) => {
      const way = await getTransport()
      const probe = await readCall(probeName, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(probeTimeoutMs) }, domain)
      // The first one pays for the connection.
      await discard(await way.send(probe, node.url))
      const startedMs = performance.now()
      await discard(await way.send(probe, node.url))
      return performance.now() - startedMs
    },
  })

  return {
    fetch: async (target, init = {}) => {
      const call = await readCall(target, init, domain)
      call.signal?.throwIfAborted()
      const way = await getTransport()
      const targets = (await directory.ranked(call.url.hostname)).slice(0, attemptsMax)
      let failure: unknown
      for (const [index, node] of targets.entries()) {
        const isLast = index === targets.length - 1
        try {
          const response = await way.send(call, node.url)
          if (isLast || !mayRepeatAfterAnswer(call, response)) return response
          await discard(response)
        } catch (error) {
          call.signal?.throwIfAborted()
          failure = error
          directory.avoid(node.name)
          if (!mayRepeatAfterFailure(call, error)) break
        }
      }
      throw new SkerryError('no_healthy_node', describeFailure(targets.length, call.url.hostname), { cause: failure })
    },
    nodes: async () => (await directory.ranked()).map(({ name, region, url, healthy }) => ({ name, region, url, healthy })),
    close: async () => {
      const opened = await transport
      transport = undefined
      await opened?.close()
    },
  }
}

function describeFailure(tried: number, host: string): string {
  return tried === 0
    ? 'The cluster has no node. Start an edge node, or pass the right nodes.'
    : `No node answered the call of ${host}; the cause says what the last one did.`
}

async function openTransport(given: typeof fetch | undefined, domain: string): Promise<Transport> {
  if (given !== undefined) return createPlainTransport(given)
  if (!canChooseAddress()) return createPlainTransport(globalThis.fetch.bind(globalThis))
  // Loaded here, so that a bundle for browsers does not have to bring it.
  const { createNodeTransport } = await import('./node-transport.ts')
  return createNodeTransport(domain)
}

/** Lets go of an answer that nobody will read. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel()
}
