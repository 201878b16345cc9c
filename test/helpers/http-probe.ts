import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { openRawClient, type RawClient, type RawResponse } from './raw-client.ts'
import { clusterTimeoutMs, hostOf, startTestCluster, type TestCluster } from './test-cluster.ts'

/** A node's own door and the gateway's. */
export const doors = ['node', 'gateway'] as const
export type Door = (typeof doors)[number]

/** A function with a path for each thing that HTTP can do; `requestBodyMb` is 1. */
const probe = `
const routes = {
  '/echo': async (request) => new Response(await request.text(), { headers: { 'x-length': request.headers.get('content-length') ?? 'none' } }),
  '/headers': (request) => Response.json([...request.headers]),
  '/empty': () => new Response(null, { status: 204, headers: { 'x-kept': '1' } }),
  '/unchanged': () => new Response(null, { status: 304, headers: { etag: '"v1"', 'content-length': '1234' } }),
  '/known': () => new Response('twelve bytes'),
  '/stream': () => new Response(new ReadableStream({ start(c) { for (const part of ['a', 'bc', 'd']) c.enqueue(new TextEncoder().encode(part)); c.close() } })),
  '/cookies': () => {
    const headers = new Headers({ 'content-type': 'text/plain' })
    headers.append('set-cookie', 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT')
    headers.append('set-cookie', 'b=2')
    headers.append('set-cookie', 'wide=1; Domain=localhost')
    return new Response('', { headers })
  },
  '/forge': () => new Response('mine', { status: 503, headers: {
    'x-skerry-node': 'forged', 'x-skerry-error': 'overloaded', 'x-skerry-not-begun': '1', 'x-skerry-other': 'forged', 'x-skerry-version': 'forged',
    connection: 'close', 'transfer-encoding': 'chunked', 'x-mine': 'kept',
  } }),
  '/unread': () => new Response('not read', { status: 403 }),
  '/wait': (request) => {
    console.log('waiting')
    request.signal.addEventListener('abort', () => console.log('client gone'))
    return new Promise(() => {})
  },
  '/short': () => new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('abc')); c.close() } }), { headers: { 'content-length': '9' } }),
}
export default { fetch: (request) => routes[new URL(request.url).pathname]?.(request) ?? new Response(request.method + ' ' + request.url) }`

export interface HttpProbe {
  cluster(): TestCluster
  /** A connection of its own, closed after the test. */
  open(door: Door): Promise<RawClient>
  /** The head of a request to a function, complete with its empty line. */
  head(door: Door, requestLine: string, headers?: readonly string[], functionName?: string): string
  /** Sends a head and reads the answer. */
  ask(door: Door, requestLine: string, ...headers: readonly string[]): Promise<RawResponse>
}

/** Starts a cluster with the function `probe` for the tests of a file, and `busy`, which serves one request for ever. */
export function useHttpProbe(): HttpProbe {
  let cluster: TestCluster | undefined
  const clients: RawClient[] = []
  beforeAll(async () => {
    cluster = await startTestCluster({ regions: ['fra'] })
    await cluster.deploy({ probe }, { limits: { requestBodyMb: 1, cpuMs: 2_000 } })
    await cluster.deploy({ busy: 'export default { fetch: () => new Promise(() => {}) }' }, { concurrency: { max: 1 }, limits: { wallMs: 60_000 } })
  }, clusterTimeoutMs)
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })
  afterAll(() => cluster?.close(), clusterTimeoutMs)

  const running = (): TestCluster => {
    if (cluster === undefined) throw new Error('the cluster does not run')
    return cluster
  }
  const urlOf = (door: Door): string => (door === 'node' ? running().node('fra-1').url : running().cluster.description.gateway)
  const used: HttpProbe = {
    cluster: running,
    async open(door) {
      const client = await openRawClient(urlOf(door))
      clients.push(client)
      return client
    },
    head: (door, requestLine, headers = [], functionName = 'probe') =>
      [`${requestLine} HTTP/1.1`, `Host: ${hostOf(urlOf(door), functionName)}`, ...headers, '', ''].join('\r\n'),
    async ask(door, requestLine, ...headers) {
      const client = await used.open(door)
      client.send(used.head(door, requestLine, headers))
      return client.response(requestLine.startsWith('HEAD'))
    },
  }
  return used
}

/** The answer is a problem document, complete, and tells nothing of the inner hop. */
export function expectProblem(answer: RawResponse, status: number, code: string): void {
  expect(answer.status).toBe(status)
  expect(answer.header('content-type')).toBe('application/problem+json')
  expect(answer.header('x-skerry-error')).toBe(code)
  expect(JSON.parse(answer.body)).toMatchObject({ status, code, requestId: answer.header('x-skerry-id') })
  expect(answer.header('x-skerry-not-begun')).toBeUndefined()
}
