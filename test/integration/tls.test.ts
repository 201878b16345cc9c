import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { createdPeerInvitationSchema } from '../../control-plane/protocol/index.ts'
import { FakeClock } from '../../control-plane/testing/fake-clock.ts'
import { startEdgeNode } from '../../edge-node/index.ts'
import { createControlPlaneCall, Membership, startGateway } from '../../edge-node/routing/index.ts'
import { createClient } from '../../sdk/client/index.ts'
import { createFakeRuntime } from '../helpers/fake-runtime.ts'
import { until } from '../helpers/until.ts'

/** Everything that calls the control plane, by HTTPS with a private authority; and certificates that nobody may believe. */

let directory: string
let plane: ControlPlane
let ca: string
const clock = new FakeClock(Date.now())
const logged: string[] = []

const file = (name: string): string => join(directory, name)
const openssl = (...parameters: string[]): void => void execFileSync('openssl', parameters, { cwd: directory, stdio: 'pipe' })
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function makeAuthority(name: string): void {
  openssl('req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2')
}

function makeCertificate(name: string, authority: string, days = '1'): void {
  openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=control-plane', '-addext', 'subjectAltName=IP:127.0.0.1')
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-days', days, '-copy_extensions', 'copy', '-out', `${name}.pem`)
}

async function use(name: string): Promise<void> {
  await copyFile(file(`${name}.pem`), file('server.pem'))
  await copyFile(file(`${name}.key`), file('server.key'))
}

/** Fingerprint of the certificate that a new connection is shown, whether or not it is to be believed. */
async function shown(): Promise<string> {
  const { hostname, port } = new URL(plane.url)
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-tls-'))
  for (const name of ['authority', 'stranger']) makeAuthority(name)
  for (const [name, authority] of [['first', 'authority'], ['second', 'authority'], ['foreign', 'stranger']] as const) makeCertificate(name, authority)
  makeCertificate('expired', 'authority', '-1')
  ca = await readFile(file('authority.pem'), 'utf8')
  await use('first')
  plane = await startControlPlane({
    port: 0, dataDirectory: file('data'), clock, log: (entry) => logged.push(JSON.stringify(entry)), tls: { certificateFile: file('server.pem'), keyFile: file('server.key') },
  })
})
afterAll(async () => {
  await plane.close()
  await rm(directory, { recursive: true, force: true })
})

async function functions(url: string, authorities: string | undefined): Promise<unknown> {
  const client = createClient({ url, token: plane.adminToken, ca: authorities })
  try {
    return await client.functions()
  } finally {
    await client.close()
  }
}

it('clients, nodes and gateways trust the authority that they are told, and it alone', async () => {
  expect(plane.url).toMatch(/^https:/)
  expect(await functions(plane.url, ca)).toEqual([])
  for (const authorities of [undefined, await readFile(file('stranger.pem'), 'utf8')]) {
    await expect(functions(plane.url, authorities)).rejects.toThrow(/can not be reached \(\w*CERT|SIGNATURE|SELF_SIGNED|UNABLE_TO/)
  }
  await expect(functions(plane.url.replace('127.0.0.1', 'localhost'), ca)).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID')
  await expect(functions(plane.url.replace('https:', 'http:'), ca)).rejects.toMatchObject({ code: 'server_unreachable' })
})

it('a node joins and follows, and a gateway finds it', async () => {
  const client = createClient({ url: plane.url, token: plane.adminToken, ca })
  const { token: invitation } = createdPeerInvitationSchema.parse(await client.peers.invite({ name: 'fra-1', region: 'fra' }))
  const stop = new AbortController()
  const open = (authorities: string | undefined, signal = stop.signal): Promise<Membership | undefined> =>
    Membership.open({ kind: 'node', directory: file('fra-1'), invitation, call: createControlPlaneCall(plane.url, authorities), signal, onNotice: (notice) => logged.push(notice) })
  const impatient = new AbortController()
  const refused = open(undefined, impatient.signal)
  await until('it was refused', () => logged.some((line) => line.startsWith('waiting for the control plane to join')))
  impatient.abort()
  await expect(refused).rejects.toMatchObject({ code: 'server_unreachable' })
  const membership = await open(ca)
  if (membership === undefined) throw new Error('has not joined')
  const node = await startEdgeNode({
    name: membership.name, region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: () => membership.token, ca,
    controlPlaneKey: membership.publicKey, stateKey: membership.stateKey, dataDirectory: file('fra-1'), domain: 'localhost', allowOutbound: [],
    allowLocationHeader: false, trustedProxies: [], createRuntime: createFakeRuntime().create, forwarder: false, onNotice: (text) => logged.push(text),
  })
  await node.ready()
  const gateway = await startGateway({
    host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: plane.url, token: plane.nodeToken, ca, domain: 'localhost', allowLocationHeader: false, trustedProxies: [],
  })
  expect((await fetch(gateway.url, { headers: { host: 'nobody.localhost' } })).headers.get('x-skerry-node')).toBe('fra-1')
  await gateway.close()
  await node.close()
  await client.close()
})

it('takes a new certificate without touching what is open, and keeps the old one where the new one is broken', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca })
  const get = (): Promise<{ readonly status: number | undefined; readonly isReused: boolean }> => new Promise((resolve, reject) => {
    const request = httpsRequest(`${plane.url}/healthz`, { agent }, (response) => {
      response.resume().once('end', () => resolve({ status: response.statusCode, isReused: request.reusedSocket }))
    })
    request.once('error', reject).end()
  })
  expect((await get()).status).toBe(200)
  const before = await shown()
  await use('second')
  clock.advance(10_000)
  await expect.poll(shown).not.toBe(before)
  expect(await get()).toEqual({ status: 200, isReused: true })
  agent.destroy()
  const second = await shown()
  // In the middle of a change: the key is that of another certificate.
  logged.length = 0
  await copyFile(file('first.pem'), file('server.pem'))
  clock.advance(10_000)
  await until('it was noticed', () => logged.some((line) => line.includes('the one before stays')))
  expect(await shown()).toBe(second)
})

it.each(['expired', 'foreign'])('nobody believes a certificate that is %s', async (name) => {
  const before = await shown()
  await use(name)
  clock.advance(10_000)
  await expect.poll(shown).not.toBe(before)
  await expect(functions(plane.url, ca)).rejects.toThrow(name === 'expired' ? 'CERT_HAS_EXPIRED' : /can not be reached \(\w*(?:SIGNATURE|CERT|ISSUER)/)
})

it('refuses to start with a key that everybody may read, or that is not the certificate\'s', async () => {
  const start = (): Promise<ControlPlane> =>
    startControlPlane({ port: 0, dataDirectory: file('other'), log: () => undefined, tls: { certificateFile: file('first.pem'), keyFile: file('second.key') } })
  await expect(start()).rejects.toMatchObject({ code: 'config_invalid' })
  await chmod(file('second.key'), 0o644)
  await expect(start()).rejects.toThrow('may be read by everybody')
})
