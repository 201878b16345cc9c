import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeCertificate } from '../test/helpers/certificates.ts'
import { answer, answerHead, createFakeRuntime, type FakeExchange, type FakeRuntimeControls } from '../test/helpers/fake-runtime.ts'
import { functionState } from '../test/helpers/function-states.ts'
import { until } from '../test/helpers/until.ts'
import { type Certificates, openCertificates } from '../tls/index.ts'
import { EdgeCore } from './edge-core.ts'

/** A node's own door by HTTP/2, up to the runtime, which is faked. */

let directory: string
let certificates: Certificates
let core: EdgeCore
let fake: FakeRuntimeControls
let session: ClientHttp2Session

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-node-http2-'))
  makeCertificate(directory, ['127.0.0.1'], { file: 'default' })
  certificates = await openCertificates({ directory, log: () => undefined })
  const { controls, create } = createFakeRuntime()
  fake = controls
  core = await EdgeCore.start({
    name: 'fra-1', region: 'fra', domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [], createRuntime: create,
    isSynchronised: () => true, internalTokens: () => [], readArtifact: () => new Uint8Array(), onLog: () => undefined,
  })
  core.setFunctions([functionState('hello', { config: { limits: { requestBodyMb: 1 } } })])
  const { url } = await core.listen('public', '127.0.0.1', 0, certificates)
  expect(url).toMatch(/^https:/)
  session = connect(url, { rejectUnauthorized: false })
})
afterAll(async () => {
  session.destroy()
  certificates.close()
  await core.close()
  await rm(directory, { recursive: true })
})

const request = (headers: Record<string, string> = {}, endStream = true) => session.request({ ':authority': 'hello.localhost', ...headers }, { endStream })
const next = (): Promise<FakeExchange> => new Promise((resolve) => fake.functions.set('hello', resolve))

it('a function sees its URL by https, and answers with all its headers', async () => {
  const begun = next()
  const stream = request({ ':path': '/a?b', cookie: 'a=1' })
  const exchange = await begun
  expect([exchange.request.url, exchange.request.body]).toEqual(['https://hello.localhost/a?b', undefined])
  expect(exchange.request.headers).toContain('a=1')
  answer(exchange, 201, 'made', ['content-type', 'text/plain', 'set-cookie', 'a=1', 'set-cookie', 'b=2'])
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  expect(headers).toMatchObject({ ':status': 201, 'content-length': '4', 'set-cookie': ['a=1', 'b=2'], 'x-skerry-node': 'fra-1' })
  expect(String((await once(stream, 'data'))[0])).toBe('made')
})

it('a small body comes whole, a large one in pieces as the function takes them, a too large one is refused', async () => {
  const small = next()
  request({ ':method': 'POST', 'content-length': '3' }, false).end('abc')
  const first = await small
  expect(Buffer.from(first.request.body as Uint8Array).toString()).toBe('abc')
  answer(first, 200, 'ok')

  const large = next()
  fake.onWrite = () => false
  request({ ':method': 'POST' }, false).end(Buffer.alloc(600_000))
  const exchange = await large
  await until('the first piece came', () => exchange.chunks.length === 1)
  fake.onWrite = () => true
  const bytes = (): number => exchange.chunks.reduce((sum, { length }) => sum + length, 0)
  expect(bytes()).toBeLessThan(100_000)
  exchange.handler.onDrain()
  await until('all of it came', () => exchange.ended)
  expect(bytes()).toBe(600_000)
  answer(exchange, 200, 'ok')

  fake.functions.delete('hello')
  const refused = request({ ':method': 'POST', 'content-length': '2000000' }, false)
  refused.on('error', () => undefined)
  const [headers] = (await once(refused, 'response')) as [IncomingHttpHeaders]
  expect([headers[':status'], headers['x-skerry-error']]).toEqual([413, 'request_too_large'])
})

it('a client that gives up, before the head or in the answer, aborts the function', async () => {
  for (const isAnswering of [false, true]) {
    const begun = next()
    const stream = request()
    const exchange = await begun
    if (isAnswering) {
      answerHead(exchange, 200)
      exchange.handler.onChunk(Buffer.from('part'))
      await once(stream, 'data')
    }
    stream.close(8)
    await until('the function was told', () => exchange.aborted)
  }
})

it('a drain has an answer close the connection, and refuses what comes after it', async () => {
  const begun = next()
  const stream = request()
  const exchange = await begun
  const goAway = once(session, 'goaway')
  const drained = core.drain()
  answer(exchange, 200, 'last')
  expect(String((await once(stream, 'data'))[0])).toBe('last')
  await Promise.all([goAway, drained])
})
