import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeCertificate } from '../../../test/helpers/certificates.ts'
import { createFakeRuntime } from '../../../test/helpers/fake-runtime.ts'
import { functionState, hashOf, versionRecord } from '../../../test/helpers/function-states.ts'
import { startScriptedControlPlane } from '../../../test/helpers/scripted-control-plane.ts'
import { failuresOf, startSteadyLoad } from '../../../test/helpers/steady-load.ts'
import { startEdgeNode } from '../../edge-node.ts'
import { GatewayFixture } from '../testing/gateway-fixture.ts'

let fixture: GatewayFixture
const agent = new Agent()

beforeEach(async () => {
  fixture = await GatewayFixture.start()
})

afterEach(() => fixture.close())

/** Every other request has effects. */
async function ask(url: string, turn: number): Promise<{ status: number; text: string; headers: Record<string, string | string[] | undefined> }> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher: agent, method: turn % 2 === 0 ? 'GET' : 'POST', body: turn % 2 === 0 ? null : 'abc',
    headers: { host: 'hello.localhost', 'x-skerry-location': '52.52,13.40' },
  })
  return { status: statusCode, text: await body.text(), headers }
}

/** A gateway in a process of its own, whose clients see by `/readyz` whether they should go there. */
interface GatewayProcess {
  readonly child: ChildProcess
  readonly url: string
  isReady: boolean
  watched: Promise<void>
}

async function startProcess(): Promise<GatewayProcess> {
  const { controlPlaneUrl, token } = fixture.cluster
  const child = fork(fileURLToPath(new URL('../testing/gateway-process.ts', import.meta.url)), [JSON.stringify({ controlPlaneUrl, token, drainSettleMs: 500 })])
  const [{ url, adminUrl }] = (await once(child, 'message')) as [{ url: string; adminUrl: string }]
  const gateway: GatewayProcess = { child, url, isReady: true, watched: Promise.resolve() }
  gateway.watched = (async () => {
    while (gateway.isReady) gateway.isReady = await fetch(`${adminUrl}/readyz`).then(({ ok }) => ok, () => false)
  })()
  return gateway
}

test('one of two gateways is asked to end under load: no request fails, with effects or without', async () => {
  for (const node of fixture.cluster.nodes) {
    const { script } = node
    node.script = (received, response) => void setTimeout(() => script(received, response), 5)
  }
  const gateways = await Promise.all([startProcess(), startProcess()])
  const [leaving, staying] = gateways
  try {
    let turn = 0
    const answeredBy = new Set<string>()
    const load = startSteadyLoad({
      workers: 8,
      ask: async () => {
        turn += 1
        const ready = gateways.filter(({ isReady }) => isReady)
        const { url } = ready[Math.floor(turn / 2) % ready.length] ?? staying
        answeredBy.add(url)
        return ask(url, turn)
      },
    })
    await load.more(10)
    expect(answeredBy.size).toBe(2)
    const exited = once(leaving.child, 'exit')
    leaving.child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    await load.more(5)
    expect(failuresOf(await load.stop())).toEqual([])
  } finally {
    for (const { child } of gateways) if (child.connected) child.disconnect()
    await Promise.all(gateways.map(({ watched }) => watched))
  }
})

test('a node drains and ends under load behind the gateway: no request fails, with effects or without', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-drain-'))
  const plane = await startScriptedControlPlane()
  try {
    plane.welcome = { internalToken: fixture.cluster.internalToken }
    plane.artifacts.set(hashOf('// hello 1'), '// hello 1')
    plane.onFeed = () => [
      { type: 'snapshot', protocol: 1, epoch: 'e1', sequence: 1, functions: [functionState('hello', { versions: [versionRecord('hello', 1)] })] },
      { type: 'heartbeat', epoch: 'e1', sequence: 1 },
    ]
    const real = await startEdgeNode({
      name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: 't', dataDirectory: directory,
      domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [], createRuntime: createFakeRuntime().create, forwarder: false,
      onNotice: () => undefined, drainSettleMs: 300,
    })
    await real.ready()
    const scripted = fixture.cluster.node('fra')
    scripted.info = { ...scripted.info, internalUrl: real.internalUrl, adminUrl: real.adminUrl }
    await fixture.restart({})
    let turn = 0
    const load = startSteadyLoad({ workers: 8, ask: () => ask(fixture.gateway.url, turn++) })
    await load.more(10)
    expect(load.samples.at(-1)?.answer?.headers['x-skerry-node']).toBe('fra-1')
    await real.drain()
    await real.close()
    await load.more(5)
    const samples = await load.stop()
    expect(failuresOf(samples)).toEqual([])
    expect(samples.at(-1)?.answer?.headers['x-skerry-node']).toBe('iad-1')
  } finally {
    await plane.close()
    await rm(directory, { recursive: true })
  }
})

test('WebSockets are ended by 1001 between two frames, and what is in the middle of one is cut', async () => {
  const frame = Buffer.concat([Buffer.from([0x82, 3]), Buffer.from('abc')])
  let isWhole = true
  await fixture.restart({ timing: { checkIntervalMs: 20, refreshMs: 20, socketGraceMs: 10 } })
  fixture.cluster.node('fra').onUpgrade = (socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n')
    socket.write(isWhole ? frame : frame.subarray(0, 4))
  }
  const open = async (expected: Buffer): Promise<{ read: () => Buffer; closed: Promise<unknown> }> => {
    const { hostname, port } = new URL(fixture.gateway.url)
    const socket = connect(Number(port), hostname)
    const closed = once(socket, 'close')
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])))
    socket.write('GET / HTTP/1.1\r\nHost: hello.localhost\r\nX-Skerry-Location: 52.52,13.40\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')
    const read = (): Buffer => received.subarray(received.indexOf('\r\n\r\n') + 4)
    await vi.waitFor(() => expect(read().equals(expected)).toBe(true))
    return { read, closed }
  }
  const whole = await open(frame)
  isWhole = false
  const cut = await open(frame.subarray(0, 4))
  await fixture.gateway.drain()
  await Promise.all([whole.closed, cut.closed])
  expect(whole.read().subarray(frame.length)).toEqual(Buffer.from([0x88, 2, 0x03, 0xe9]))
  expect(cut.read()).toEqual(frame.subarray(0, 4))
})

test('by HTTP/2 a busy connection is told by GOAWAY with its next answer, an idle one when nothing new is taken', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-drain-'))
  const files = makeCertificate(directory, ['hello.localhost'])
  const sessions: ClientHttp2Session[] = []
  try {
    await fixture.restart({ drainSettleMs: 200, tls: { pairs: [{ certificateFile: `${files}.crt`, keyFile: `${files}.key` }], directory: undefined } })
    const open = async (): Promise<{ session: ClientHttp2Session; goAway: Promise<number> }> => {
      const session = connectHttp2(fixture.gateway.url, { rejectUnauthorized: false, servername: 'hello.localhost' })
      sessions.push(session)
      const goAway = once(session, 'goaway').then(([code]) => code as number)
      await once(session, 'connect')
      return { session, goAway }
    }
    const get = async ({ session }: { session: ClientHttp2Session }): Promise<unknown> => {
      const stream = session.request({ ':authority': 'hello.localhost' })
      const [headers] = (await once(stream.resume(), 'response')) as [Record<string, unknown>]
      await once(stream, 'end')
      return headers[':status']
    }
    const [busy, idle] = [await open(), await open()]
    expect([await get(busy), await get(idle)]).toEqual([200, 200])
    const drained = fixture.gateway.drain()
    expect(await get(busy)).toBe(200)
    expect(await busy.goAway).toBe(0)
    expect(await idle.goAway).toBe(0)
    await drained
  } finally {
    for (const session of sessions) session.destroy()
    await rm(directory, { recursive: true })
  }
})
