import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'
import { until } from '../../test/helpers/until.ts'
import { NatsLink } from './link-nats.ts'
import { type NatsOptions, parseServers } from './nats-options.ts'

let directory: string
let open: NatsCluster
let guarded: NatsCluster
const links: NatsLink[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-link-'))
  for (const name of ['server', 'stranger']) {
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`,
      '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2',
    ], { cwd: directory, stdio: 'pipe' })
  }
  const tls = `tls { cert_file: "${join(directory, 'server.pem')}", key_file: "${join(directory, 'server.key')}" }`
  ;[open, guarded] = await Promise.all([
    NatsCluster.start(), NatsCluster.start({ configuration: `${tls}\nauthorization { user: "skerry", password: "p@ss" }` }),
  ])
})
afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()))
})
afterAll(async () => {
  await Promise.all([open.stop(), guarded.stop()])
  await rm(directory, { recursive: true })
})

function connect(options: NatsOptions): NatsLink {
  const link = new NatsLink(options)
  links.push(link)
  return link
}

test('takes URLs of servers, with user and password, and nothing else', () => {
  expect(parseServers(['nats://a:1', 'nats://skerry:p%40ss@b'])).toEqual({ addresses: ['a:1', 'b:4222'], user: 'skerry', password: 'p@ss', isEncrypted: false })
  expect(parseServers(['tls://a']).isEncrypted).toBe(true)
  for (const wrong of ['', 'a:1', 'http://a', 'nats://', 'nats://a/path']) expect(() => parseServers([wrong])).toThrow(expect.objectContaining({ code: 'config_invalid' }) as Error)
  expect(() => parseServers(['http://skerry:secret@a'])).toThrow(/^(?!.*secret)/)
})

test('connects by TLS with the authority that it is given, as the user that it is told, and to nobody else', async () => {
  const { url } = guarded.server(0)
  const address = url.slice('nats://'.length)
  const ca = join(directory, 'server.pem')
  const good = [
    connect({ servers: [`tls://skerry:p%40ss@${address}`], certificateAuthorityFile: ca }),
    connect({ servers: [url], user: 'skerry', password: 'p@ss', certificateAuthorityFile: ca }),
  ]
  for (const link of good) expect((await link.whenConnected(5_000)).connection.isClosed()).toBe(false)
  const bad = [
    connect({ servers: [url], user: 'skerry', password: 'p@ss', certificateAuthorityFile: join(directory, 'stranger.pem') }),
    connect({ servers: [url], user: 'skerry', password: 'wrong', certificateAuthorityFile: ca }),
    connect({ servers: [url], user: 'skerry', password: 'p@ss', certificateAuthorityFile: join(directory, 'missing.pem') }),
  ]
  for (const link of bad) await expect(link.whenConnected(700)).rejects.toMatchObject({ code: 'storage_unreachable' })
})

test('waits for servers that are not there yet, comes back to those that were away, and tells who asks meanwhile', async () => {
  const link = connect({ servers: [open.url] })
  const sessions: unknown[] = []
  link.onSession((session) => sessions.push(session))
  const { connection } = await link.whenConnected(5_000)
  await open.server(0).kill()
  await until('it is noticed', () => !link.isConnected)
  const late = connect({ servers: [open.url] })
  const refused = await Promise.allSettled([link.whenConnected(50), late.whenConnected(50)])
  for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: 'storage_unreachable' } })
  await open.server(0).start()
  expect((await link.whenConnected(5_000)).connection).toBe(connection)
  await late.whenConnected(5_000)
  expect(sessions).toHaveLength(1)
})

test('an answer that is waited for ends with the connection, not when its time is up', async () => {
  const link = connect({ servers: [open.url] })
  await link.whenConnected(5_000)
  const waiting = link.whileConnected(new Promise<never>(() => undefined))
  await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'storage_unreachable' }), open.server(0).kill()])
  await open.server(0).start()
  expect(await link.whenConnected(5_000).then(() => link.whileConnected(Promise.resolve(1)))).toBe(1)
})
