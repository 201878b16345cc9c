import { Agent, buildConnector, fetch as undiciFetch } from 'undici'
import type { Call } from './call.ts'
import type { Transport } from './transport.ts'

const connectTimeoutMs = 3_000
/** Statuses whose answers have no body, which `Response` insists on. */
const bodyless: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/**
 * Sends calls to a chosen node: the connection goes to the node's address, while URL, `Host` and TLS name stay the function's. So names
 * that no resolver knows (`hello.localhost`) work, and certificates are checked against the function's host.
 */
export function createNodeTransport(domain: string): Transport {
  const agents = new Map<string, Agent>()
  /** Hosts that were called though they are not under the domain: routes. */
  const routedHosts = new Set<string>()

  const agentFor = (nodeUrl: string): Agent => {
    const known = agents.get(nodeUrl)
    if (known !== undefined) return known
    const node = new URL(nodeUrl)
    const connect = buildConnector({ timeout: connectTimeoutMs })
    const agent = new Agent({
      connect: (target, callback) => {
        const { hostname } = target
        // A redirect may lead out of the cluster, and then not to the node.
        const isOurs = hostname === domain || hostname.endsWith(`.${domain}`) || routedHosts.has(hostname)
        connect(isOurs ? { ...target, hostname: node.hostname.replace(/^\[|\]$/g, ''), port: node.port } : target, callback)
      },
    })
    agents.set(nodeUrl, agent)
    return agent
  }

  return {
    send: async (call: Call, nodeUrl: string) => {
      const url = new URL(call.url)
      const node = new URL(nodeUrl)
      url.protocol = node.protocol
      url.port = node.port
      if (!url.hostname.endsWith(`.${domain}`)) routedHosts.add(url.hostname)
      const { body, method, signal, redirect } = call
      const response = await undiciFetch(url, {
        method, redirect, headers: [...call.headers], dispatcher: agentFor(nodeUrl),
        ...(body === null ? {} : { body, duplex: 'half' }), ...(signal === undefined ? {} : { signal }),
      })
      return toGlobalResponse(response)
    },
    close: async () => {
      const closing = [...agents.values()]
      agents.clear()
      await Promise.all(closing.map((agent) => agent.destroy()))
    },
  }
}

/** The package's own Response class is another than the global one, of which callers ask `instanceof`. */
function toGlobalResponse(from: Awaited<ReturnType<typeof undiciFetch>>): Response {
  const { status, statusText, url, redirected } = from
  const headers = new Headers([...from.headers])
  const response = new Response(bodyless.has(status) ? null : from.body, { status, statusText, headers })
  Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
  return response
}
