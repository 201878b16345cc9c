import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net'
import { findRegion } from '../../../geography/index.ts'
import type { InvokerNode } from '../options.ts'

export type Script = (request: IncomingMessage, response: ServerResponse) => void

/** A stand-in for a node: answers discovery, and functions by a script. For tests. */
export interface ScriptedNode {
  node: InvokerNode
  /** `METHOD host/path` of the calls that reached it. */
  readonly calls: string[]
  pings: number
  script: Script
  /** What it does with a ping; it answers unless set. */
  ping: Script
  /** Stops as a killed process does. */
  kill(): Promise<void>
  /** Listens again. */
  revive(): Promise<void>
  /** Takes connections, and answers nothing any more. */
  hang(): void
}

export interface ScriptedNodes {
  readonly all: readonly ScriptedNode[]
  at(region: string): ScriptedNode
  /** The place that `ping` tells clients. */
  place: { readonly latitude: number; readonly longitude: number } | undefined
  domain: string
  /** What the nodes are told of each other. */
  listed: () => readonly InvokerNode[]
  close(): Promise<void>
}

export const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*' }

/** @param nodeUrl where clients reach a node that listens at a port of loopback */
export async function startScriptedNodes(regions: readonly string[], nodeUrl = (_name: string, port: number): string => `http://127.0.0.1:${port}`): Promise<ScriptedNodes> {
  const nodes: ScriptedNodes = {
    all: await Promise.all(regions.map((region) => startNode(region, nodeUrl, () => nodes))),
    at: (region) => {
      const found = nodes.all.find(({ node }) => node.region === region)
      if (found === undefined) throw new Error(`no node in ${region}`)
      return found
    },
    place: undefined,
    domain: 'example.com',
    listed: () => nodes.all.map(({ node }) => node),
    close: async () => {
      await Promise.all(nodes.all.map((node) => node.kill()))
    },
  }
  return nodes
}

async function startNode(region: string, nodeUrl: (name: string, port: number) => string, nodes: () => ScriptedNodes): Promise<ScriptedNode> {
  const name = `${region}-1`
  const place = findRegion(region) ?? { latitude: 0, longitude: 0 }
  let isHanging = false
  const server = createServer((request, response) => {
    if (isHanging) return
    if (request.url === '/.well-known/skerry/ping') {
      made.pings += 1
      made.ping(request, response)
    } else if (request.url?.startsWith('/.well-known/skerry/nodes') === true) {
      const listed = nodes().listed().map((node) => ({ status: 'up', ...node }))
      response.writeHead(200, cors).end(JSON.stringify({ domain: nodes().domain, nodes: listed }))
    } else {
      made.calls.push(`${request.method} ${request.headers.host?.split(':')[0]}${request.url}`)
      made.script(request, response)
    }
  })
  const port = await listen(server, 0)
  const made: ScriptedNode = {
    node: { name, region, url: nodeUrl(name, port), latitude: place.latitude, longitude: place.longitude },
    calls: [], pings: 0,
    script: (_request, response) => response.writeHead(200, { ...cors, 'x-skerry-node': name }).end(name),
    ping: (_request, response) => response.writeHead(200, cors).end(JSON.stringify({ node: name, client: nodes().place })),
    kill: () => stop(server),
    revive: async () => {
      isHanging = false
      await listen(server, port)
    },
    hang: () => {
      isHanging = true
    },
  }
  return made
}

/** Takes connections and says nothing: whoever wants TLS of it waits for ever. */
export async function startMute(): Promise<{ readonly port: number; readonly server: TcpServer }> {
  const server = createTcpServer((socket) => socket.on('error', () => undefined))
  return { server, port: await listen(server, 0) }
}

export async function startServer(handler: RequestListener): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(handler)
  return { server, url: `http://127.0.0.1:${await listen(server, 0)}` }
}

async function listen(server: Server | TcpServer, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
