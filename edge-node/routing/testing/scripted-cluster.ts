import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { NodeInfo } from '../../../control-plane/protocol/index.ts'
import { findRegion } from '../../../geography/index.ts'

/** What a scripted node does with a request that reaches its internal listener. */
export type Script = (request: IncomingMessage, response: ServerResponse) => void

/** A stand-in for an edge node, with real sockets: an internal and an admin listener. For tests. */
export interface ScriptedNode {
  info: NodeInfo
  script: Script
  /** Status of `/readyz`. */
  readyStatus: number
  /** What else `/readyz` tells. */
  readyHeaders: () => Record<string, string>
  /** Requests that reached the internal listener. */
  requests: number
  /** What it does with a request for a WebSocket; takes it as any other unless set. */
  onUpgrade: ((socket: Duplex) => void) | undefined
  /** Stops listening and breaks every connection, as a killed process does. */
  kill(): Promise<void>
  /** Takes connections and answers nothing, as a stopped process does, until `thaw`. */
  freeze(): void
  /** Goes on, with what came meanwhile too. */
  thaw(): void
  /** Listens again on the same ports. */
  revive(): Promise<void>
}

export interface ScriptedCluster {
  readonly controlPlaneUrl: string
  readonly token: string
  readonly internalToken: string
  readonly nodes: readonly ScriptedNode[]
  /** The node of a region. */
  node(region: string): ScriptedNode
  /** The control plane answers with this status instead; undefined for its list again. */
  failControlPlane(status: number | undefined): void
  /** The control plane names these regions only: it has just started, and the others have not registered yet. Undefined for all. */
  listOnly(regions: readonly string[] | undefined): void
  /** The control plane answers questions for its list only once this has resolved. */
  listAfter(hook: () => Promise<void>): void
  /** Resolves when the list was asked for twice more: what the answer to the first brought is then in use. */
  listRead(): Promise<void>
  close(): Promise<void>
}

/** Answers with the node's name, the address it got, and so on, so that tests see what arrived. */
export const echo: (name: string) => Script = (name) => (request, response) => {
  request.resume()
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-skerry-node': name })
    response.end(JSON.stringify({ node: name, method: request.method, url: request.url, headers: request.headers }))
  })
}

/** A refusal before anything ran, as nodes give it. */
export const refuseNotBegun: Script = (request, response) => {
  request.resume()
  response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1', 'x-skerry-not-begun': '1', 'x-skerry-error': 'overloaded' })
  response.end('{"code":"overloaded"}')
}

/** A refusal of a node that has too much to do. */
export const refuseBusy: Script = (request, response) => {
  response.setHeader('x-skerry-not-begun', 'busy')
  request.resume()
  response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '2', 'x-skerry-error': 'overloaded' })
  response.end('{"code":"overloaded"}')
}

/** An answer without end, as fast as it is taken. */
export const pourForever: Script = (request, response) => {
  request.resume()
  const pour = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
  }
  response.on('drain', pour)
  pour()
}

/** The connection breaks before the head. */
export const breakOff: Script = (request) => {
  request.socket.destroy()
}

/** Starts one scripted node a region, named `REGION-1`, and a control plane that lists them. */
export async function startScriptedCluster(regions: readonly string[]): Promise<ScriptedCluster> {
  const token = 'a-node-token-of-the-tests'
  const internalToken = 'an-internal-token-of-the-tests'
  const nodes = await Promise.all(regions.map((region) => startNode(region, internalToken)))
  let failure: number | undefined
  let listed: readonly string[] | undefined
  let beforeList = (): Promise<void> => Promise.resolve()
  const asked = new EventEmitter()
  const controlPlane = createServer((request, response) => {
    if (request.url !== '/v1/nodes' || request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end()
    } else if (failure !== undefined) {
      response.writeHead(failure).end()
    } else {
      asked.emit('list')
      void beforeList().then(() => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ nodes: nodes.map(({ info }) => info).filter(({ region }) => listed?.includes(region) ?? true), internalToken }))
      })
    }
  })
  const controlPlaneUrl = await listen(controlPlane, 0)
  return {
    controlPlaneUrl, token, internalToken, nodes,
    node: (region) => {
      const node = nodes.find(({ info }) => info.region === region)
      if (node === undefined) throw new Error(`no node in ${region}`)
      return node
    },
    failControlPlane: (status) => {
      failure = status
    },
    listRead: async () => {
      for (let times = 0; times < 2; times += 1) await once(asked, 'list')
    },
    listAfter: (hook) => {
      beforeList = hook
    },
    listOnly: (regions) => {
      listed = regions
    },
    close: async () => {
      await Promise.all([stop(controlPlane), ...nodes.map((node) => node.kill())])
    },
  }
}

async function startNode(region: string, internalToken: string): Promise<ScriptedNode> {
  const place = findRegion(region)
  if (place === undefined) throw new Error(`no region ${region}`)
  const name = `${region}-1`
  const internal = createServer({ shouldUpgradeCallback: () => node.onUpgrade !== undefined })
  let frozen: (() => void)[] | undefined
  const whenThawed = (handle: () => void): void => {
    if (frozen === undefined) handle()
    else frozen.push(handle)
  }
  const admin = createServer((_request, response) => whenThawed(() => response.writeHead(node.readyStatus, node.readyHeaders()).end()))
  const handle = (request: IncomingMessage, response: ServerResponse): void => whenThawed(() => {
    node.requests += 1
    if (request.headers.authorization === `Bearer ${internalToken}`) node.script(request, response)
    else response.writeHead(401).end()
  })
  internal.on('request', handle)
  internal.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => undefined).on('end', () => socket.destroy()).resume()
    node.onUpgrade?.(socket)
  })
  const [internalUrl, adminUrl] = [await listen(internal, 0), await listen(admin, 0)]
  const node: ScriptedNode = {
    info: {
      name, region, latitude: place.latitude, longitude: place.longitude, url: internalUrl, internalUrl, adminUrl, draining: false,
      load: 0, epoch: 'e', sequence: 1, connected: true, lastSeenMs: 1,
    },
    script: echo(name), readyStatus: 200, readyHeaders: () => ({}), requests: 0, onUpgrade: undefined,
    freeze: () => {
      frozen = []
    },
    thaw: () => {
      const waiting = frozen ?? []
      frozen = undefined
      for (const handle of waiting) handle()
    },
    kill: async () => {
      await Promise.all([stop(internal), stop(admin)])
    },
    revive: async () => {
      await Promise.all([listen(internal, Number(new URL(internalUrl).port)), listen(admin, Number(new URL(adminUrl).port))])
    },
  }
  return node
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
