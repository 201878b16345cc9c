import { Agent, buildConnector, fetch as undiciFetch } from 'undici'
import { untouched } from './request-body.ts'
import type { Sending, Transport } from './transport.ts'

/** The race between targets gives up sooner; this is for the last of them. */
const connectTimeoutMs = 5_000
/** Statuses whose answers have no body, which `Response` insists on. */
const bodyless: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/**
 * Sends calls to a chosen target: the connection goes to its address, while URL, `Host` and TLS name stay the function's. So one certificate of the
 * function's host serves at every node, and names that no resolver knows (`hello.localhost`) work.
 *
 * @param isOurs whether a host is of the cluster; a redirect may lead out of it, and then not to the target
 */
export function createNodeTransport(isOurs: (host: string) => boolean): Transport {
  const agents = new Map<string, Agent>()

  const agentFor = (targetUrl: string): Agent => {
    const known = agents.get(targetUrl)
    if (known !== undefined) return known
    const { protocol, hostname, port } = new URL(targetUrl)
    const connect = buildConnector({ timeout: connectTimeoutMs })
    const agent = new Agent({
      connect: (asked, callback) => {
        const to = isOurs(asked.hostname) ? { ...asked, protocol, hostname: addressOf(hostname), port: portOf(protocol, port) } : asked
        connect(to, callback)
      },
    })
    agents.set(targetUrl, agent)
    return agent
  }

  return {
    tellsSent: true,
    // A call by https goes to nobody in the clear.
    reach: ({ url }, target) => (url.protocol === 'https:' && !target.url.startsWith('https:') ? undefined : url),
    send: async ({ init, body }, url, target, sending) => {
      const dispatcher = agentFor(target.url).compose(tellSend(sending))
      const response = await undiciFetch(url, {
        ...(init as object), method: init.method, headers: [...init.headers], dispatcher, signal: sending.signal,
        ...(body === null ? {} : { body: untouched(body) as never, duplex: 'half' }),
      })
      return toGlobalResponse(response)
    },
    retain: (urls) => {
      for (const [url, agent] of agents) {
        if (urls.has(url)) continue
        agents.delete(url)
        // What is under way comes to its end.
        void agent.close()
      }
    },
    close: async () => {
      const closing = [...agents.values()]
      agents.clear()
      await Promise.all(closing.map((agent) => agent.destroy()))
    },
  }
}

/** Names below localhost lead home, whatever the resolver knows of them. @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
function addressOf(hostname: string): string {
  return hostname === 'localhost' || hostname.endsWith('.localhost') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '')
}

function portOf(protocol: string, port: string): string {
  if (port !== '') return port
  return protocol === 'https:' ? '443' : '80'
}

type Compose = Exclude<Parameters<Agent['compose']>[0], readonly unknown[]>

/** Asks before the first byte of the first request is written; those that redirects bring come after it. */
function tellSend({ onSend }: Sending): Compose {
  let isAsked = false
  return (dispatch) => (options, handler) => dispatch(options, {
    onRequestStart: (controller, context) => {
      handler.onRequestStart?.(controller, context)
      if (isAsked) return
      isAsked = true
      if (!onSend()) controller.abort(new Error('another attempt was sent'))
    },
    onRequestUpgrade: (...told) => handler.onRequestUpgrade?.(...told),
    onResponseStart: (...told) => handler.onResponseStart?.(...told),
    onResponseData: (...told) => handler.onResponseData?.(...told),
    onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
    onResponseError: (...told) => handler.onResponseError?.(...told),
  })
}

/** The package's own Response class is another than the global one, of which callers ask `instanceof`. */
function toGlobalResponse(from: Awaited<ReturnType<typeof undiciFetch>>): Response {
  const { status, statusText, url, redirected } = from
  const response = new Response(bodyless.has(status) ? null : from.body, { status, statusText, headers: new Headers([...from.headers]) })
  Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
  return response
}

