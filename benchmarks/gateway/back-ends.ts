import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeList } from '../../control-plane/protocol/index.ts'
import { freePort } from '../../test/helpers/free-ports.ts'
import { publish, startEdge, startSkerryNode } from '../peers/skerry-node.ts'
import type { PeerContext } from '../peers/peer.ts'
import { nginxUser } from './nginx.ts'
import { bodyOf, functionSource, payloads } from './payloads.ts'

export const backEndNames = ['bare', 'node'] as const
export type BackEndName = (typeof backEndNames)[number]

/** Two servers to be proxied to, known to a control plane. */
export interface BackEnds {
  readonly title: string
  /** Where clients, haproxy and nginx reach them. */
  readonly origins: readonly string[]
  /** What a client sends as `Host`. */
  readonly host: string
  readonly controlPlaneUrl: string
  /** With which the gateway asks the control plane. */
  readonly nodeToken: string
  /** What was not started as a process. */
  close(): Promise<void>
}

export const backEnds: Readonly<Record<BackEndName, (context: PeerContext) => Promise<BackEnds>>> = { bare: startBare, node: startNodes }

const nodeToken = 'the-token-of-the-benchmark'
const near = { latitude: 50.03, longitude: 8.57, region: 'fra' } as const

/**
 * Servers that cost as little as any: two of nginx with one worker each, whose answers are files. Anything built on Node would be what all
 * of haproxy's and nginx's requests wait for, and so would flatter the gateway. Listed by a control plane that does nothing else.
 */
async function startBare(context: PeerContext): Promise<BackEnds> {
  const files = join(context.directory, 'answers')
  await mkdir(files, { recursive: true })
  for (const { method, path, answerBytes } of Object.values(payloads)) if (method === 'GET') await writeFile(join(files, path), bodyOf(answerBytes))
  const origins = await Promise.all(['first', 'second'].map((name) => startFileServer(context, files, name)))
  const list: NodeList = {
    internalToken: 'the-internal-token-of-the-benchmark',
    nodes: origins.map((origin, index) => ({
      name: `fra-${index + 1}`, ...near, url: origin, internalUrl: origin, adminUrl: origin, draining: false, load: 0, epoch: 'e', sequence: 1,
      connected: true, lastSeenMs: 1,
    })),
  }
  const controlPlane = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(list))
  }).listen(0, '127.0.0.1')
  await once(controlPlane, 'listening')
  return {
    title: 'two bare servers', origins, host: 'sized.localhost', nodeToken,
    controlPlaneUrl: `http://127.0.0.1:${(controlPlane.address() as AddressInfo).port}`,
    close: async () => {
      controlPlane.closeAllConnections()
      controlPlane.close()
      await once(controlPlane, 'close')
    },
  }
}

async function startFileServer(context: PeerContext, files: string, name: string): Promise<string> {
  const directory = join(context.directory, name)
  await mkdir(directory)
  const port = await freePort()
  const file = join(directory, 'nginx.conf')
  await writeFile(file, `${nginxUser}worker_processes 1;
daemon off;
pid ${directory}/pid;
error_log stderr notice;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  client_body_buffer_size 128k;
  sendfile on;
  tcp_nodelay on;
  open_file_cache max=16;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  default_type text/plain;
  server {
    listen 127.0.0.1:${port};
    root ${files};
    location = ${payloads.post.path} { return 200 ${bodyOf(payloads.post.answerBytes)}; }
    location = /readyz { return 200; }
  }
}
`)
  await context.processes.start(
    { file: 'nginx', arguments: ['-p', directory, '-c', file] },
    { readyDescriptor: 2, readyPattern: /start worker process /, timeoutMs: 10_000 },
  )
  return `http://127.0.0.1:${port}`
}

/** Two edge nodes as they are run, in one region, with one small function. */
async function startNodes(context: PeerContext): Promise<BackEnds> {
  const first = await startSkerryNode(context)
  const second = await startEdge(context, first, 'second-edge', ['--name', 'fra-2'])
  await publish(first, [{ name: 'sized', source: functionSource }])
  return {
    title: 'two edge nodes', origins: [first.url, second.url], host: 'sized.localhost',
    controlPlaneUrl: first.controlPlaneUrl, nodeToken: first.nodeToken, close: () => Promise.resolve(),
  }
}
