import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server, Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { ApiClient } from '../../control-plane/testing/api-client.ts'
import { done } from '../../control-plane/testing/harness.ts'
import { type EdgeNode, startEdgeNode } from '../../edge-node/index.ts'
import { type Gateway, startGateway } from '../../edge-node/routing/index.ts'
import { freePort } from '../helpers/free-ports.ts'
import { exchangeRaw } from '../helpers/raw-http.ts'

/** Gateway to node and node to node by TLS, with real functions: whole bodies, streams, WebSockets, many hosts, and nobody else's certificate. */

let root: string
let plane: ControlPlane
let node: EdgeNode
let far: EdgeNode
let gateway: Gateway
let stranger: Gateway
let counter: Server
let internalPort = 0
let connections = 0

const file = (name: string): string => join(root, name)
const read = (name: string): Promise<string> => readFile(file(name), 'utf8')
const openssl = (...parameters: string[]): void => void execFileSync('openssl', parameters, { cwd: root, stdio: 'pipe' })
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'skerry-internal-tls-'))
  for (const name of ['authority', 'other']) openssl('req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2')
  openssl('req', ...newKey, '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/CN=node', '-addext', 'subjectAltName=IP:127.0.0.1')
  openssl('x509', '-req', '-in', 'node.csr', '-CA', 'authority.pem', '-CAkey', 'authority.key', '-days', '1', '-copy_extensions', 'copy', '-out', 'node.pem')
  const internalTls = { certificateFile: file('node.pem'), keyFile: file('node.key') }
  const internalCa = await read('authority.pem')
  plane = await startControlPlane({ port: 0, dataDirectory: file('plane'), log: () => undefined })
  const startNode = (name: string, region: string, more: Partial<Parameters<typeof startEdgeNode>[0]> = {}): Promise<EdgeNode> => startEdgeNode({
    name, region, latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: plane.nodeToken, dataDirectory: file(name), domain: 'localhost',
    allowOutbound: [], allowLocationHeader: false, trustedProxies: [], runtime: { blankIsolates: 1, spareCells: 1 }, internalTls, internalCa, onNotice: () => undefined, ...more,
  })
  internalPort = await freePort()
  // A relay before the node's internal port tells how many connections there are.
  counter = createServer((socket) => {
    connections += 1
    const onward = new Socket().connect(internalPort, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    for (const end of [socket, onward]) end.on('error', () => undefined)
  })
  counter.listen(0, '127.0.0.1')
  await once(counter, 'listening')
  const address = counter.address()
  const relayed = typeof address === 'object' && address !== null ? address.port : 0
  node = await startNode('fra-1', 'fra', { internalPort, internalUrl: `https://127.0.0.1:${relayed}` })
  far = await startNode('iad-1', 'iad')
  await Promise.all([node.ready(), far.ready()])
  const client = new ApiClient(plane.url, plane.adminToken)
  for (const name of ['one', 'two', 'three']) {
    done(await client.deploy(name, `export default { async fetch(request) {
      if (request.headers.get('upgrade') === 'websocket') {
        const { 0: client, 1: server } = new WebSocketPair()
        server.accept()
        server.addEventListener('message', ({ data }) => server.send('${name} ' + data))
        return new Response(null, { status: 101, webSocket: client })
      }
      return new Response('${name} ' + await request.text())
    } }`, { config: { regions: ['fra'] } }))
  }
  const gatewayOptions = {
    host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: plane.url, token: plane.nodeToken, domain: 'localhost', allowLocationHeader: false, trustedProxies: [],
  }
  gateway = await startGateway({ ...gatewayOptions, internalCa })
  stranger = await startGateway({ ...gatewayOptions, internalCa: await read('other.pem') })
})
afterAll(async () => {
  await Promise.all([gateway.close(), stranger.close(), node.close(), far.close()])
  await plane.close()
  counter.close()
  await rm(root, { recursive: true, force: true })
})

async function post(url: string, name: string, body: string): Promise<string> {
  const answer = await exchangeRaw(url, `POST / HTTP/1.1\r\nHost: ${name}.localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

it('carries requests for many hosts over the same connections', async () => {
  await post(gateway.url, 'one', 'x')
  const before = connections
  for (let round = 0; round < 3; round += 1) {
    for (const name of ['one', 'two', 'three']) expect(await post(gateway.url, name, 'hello')).toContain(`${name} hello`)
  }
  expect(connections - before).toBeLessThanOrEqual(1)
  const large = 'y'.repeat(1_000_000)
  expect((await post(gateway.url, 'two', large)).length).toBeGreaterThan(large.length)
})

it('carries WebSockets', async () => {
  const socket = new WebSocket(gateway.url.replace('http:', 'ws:'), { headers: { host: 'two.localhost' } })
  await once(socket, 'open')
  socket.send('hello')
  const [message] = (await once(socket, 'message')) as [Buffer]
  expect(message.toString()).toBe('two hello')
  socket.close()
  await once(socket, 'close')
})

it('carries what one node forwards to another', async () => {
  expect(await post(far.url, 'three', 'hello')).toContain('three hello')
})

it('speaks to nobody whose certificate is another authority\'s, and answers nobody without TLS', async () => {
  expect(await post(stranger.url, 'one', 'hello')).toContain('no_healthy_node')
  await expect(exchangeRaw(`http://127.0.0.1:${internalPort}`, 'GET / HTTP/1.1\r\nHost: one.localhost\r\nConnection: close\r\n\r\n')).resolves.not.toContain('200')
})
