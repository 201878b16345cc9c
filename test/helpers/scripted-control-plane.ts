import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A control plane that does what a test tells it: speaks the protocol, decides nothing. */
export interface ScriptedControlPlane {
  readonly url: string
  readonly artifacts: Map<string, Uint8Array | string>
  /** Queries of the feed connections so far. */
  readonly feedQueries: URLSearchParams[]
  readonly acknowledgements: unknown[]
  readonly registrations: unknown[]
  readonly logEvents: unknown[]
  readonly usageReports: unknown[]
  readonly artifactRequests: string[]
  welcome: Record<string, unknown>
  /** What `GET /v1/nodes` lists. */
  nodes: readonly unknown[]
  /** Lines that each new feed connection begins with, by its query. */
  onFeed: (query: URLSearchParams) => readonly unknown[]
  /** Sends a record to every open feed. */
  send(record: unknown): void
  /** Ends every open feed. */
  disconnect(): void
  /** Resolves when the condition holds; checked after each call of a node. */
  until(condition: () => boolean): Promise<void>
  close(): Promise<void>
}

export async function startScriptedControlPlane(port = 0): Promise<ScriptedControlPlane> {
  const feeds = new Set<ServerResponse>()
  const waiting = new Set<() => void>()
  const notify = (): void => {
    for (const check of waiting) check()
  }
  const server = createServer((request, response) => {
    handle(request, response).then(notify, () => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  const plane: ScriptedControlPlane = {
    url: `http://127.0.0.1:${address.port}`,
    artifacts: new Map(), feedQueries: [], acknowledgements: [], registrations: [], logEvents: [], usageReports: [], artifactRequests: [],
    nodes: [],
    welcome: { internalToken: 'internal-token-of-the-test' },
    onFeed: () => [],
    send: (record) => {
      for (const feed of feeds) feed.write(`${JSON.stringify(record)}\n`)
    },
    disconnect: () => {
      for (const feed of feeds) feed.end()
    },
    until: (condition) => new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    }),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', plane.url)
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body: unknown = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
    const json = (value: unknown): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (url.pathname === '/v1/feed') {
      plane.feedQueries.push(url.searchParams)
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.flushHeaders()
      feeds.add(response)
      response.on('close', () => feeds.delete(response))
      for (const record of plane.onFeed(url.searchParams)) response.write(`${JSON.stringify(record)}\n`)
    } else if (url.pathname.startsWith('/v1/artifacts/')) {
      const hash = url.pathname.slice('/v1/artifacts/'.length)
      plane.artifactRequests.push(hash)
      const bytes = plane.artifacts.get(hash)
      if (bytes === undefined) response.writeHead(404).end()
      else response.end(bytes)
    } else if (url.pathname.endsWith('/acknowledgements')) {
      plane.acknowledgements.push(body)
      response.writeHead(204).end()
    } else if (url.pathname.endsWith('/logs')) {
      plane.logEvents.push(...(body as { events: unknown[] }).events)
      response.writeHead(204).end()
    } else if (url.pathname.endsWith('/usage')) {
      plane.usageReports.push(body)
      json({})
    } else if (url.pathname === '/v1/nodes') {
      json({ nodes: plane.nodes, internalToken: plane.welcome['internalToken'] })
    } else {
      plane.registrations.push(body)
      json(plane.welcome)
    }
  }
  return plane
}
