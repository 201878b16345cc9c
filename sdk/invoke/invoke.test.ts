import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findRegion } from '../../geography/index.ts'
import { createInvoker, type Invoker, type InvokerNode, type InvokerOptions } from './index.ts'

interface TestNode {
  readonly node: InvokerNode
  readonly server: Server
  requests: string[]
  handle: (request: IncomingMessage, response: ServerResponse) => void
}

const berlin = { latitude: 52.52, longitude: 13.4 }
let nodes: TestNode[]
let invoker: Invoker
const closers: (() => Promise<void>)[] = []

const invoke = (options: Partial<InvokerOptions> = {}): Invoker => {
  invoker = createInvoker({ nodes: nodes.map(({ node }) => node), location: berlin, hosts: ['api.example.com'], ...options })
  closers.push(() => invoker.close())
  return invoker
}

async function listen(handler: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => stop(server))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

async function startNode(region: string): Promise<TestNode> {
  const name = `${region}-1`
  const { server, url } = await listen((request, response) => {
    if (request.url === '/.well-known/skerry/ping') {
      response.writeHead(200).end('{}')
      return
    }
    made.requests.push(`${request.method} ${request.headers.host?.split(':')[0]}${request.url}`)
    made.handle(request, response)
  })
  const place = findRegion(region) ?? { latitude: 0, longitude: 0 }
  const made: TestNode = {
    node: { name, region, url, latitude: place.latitude, longitude: place.longitude }, server, requests: [],
    handle: (_request, response) => response.writeHead(200, { 'x-skerry-node': name }).end(name),
  }
  return made
}

const at = (region: string): TestNode => {
  const found = nodes.find(({ node }) => node.region === region)
  if (found === undefined) throw new Error(`no node in ${region}`)
  return found
}

beforeEach(async () => {
  nodes = await Promise.all(['sin', 'iad', 'fra'].map(startNode))
})

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(closers.splice(0).map((close) => close()))
})

describe('nearest', () => {
  test.each([
    ['Berlin', 52.52, 13.4, 'fra-1'], ['New York', 40.71, -74.01, 'iad-1'], ['Singapore', 1.35, 103.82, 'sin-1'],
  ])('%s', async (_city, latitude, longitude, name) => {
    const response = await invoke({ location: { latitude, longitude } }).fetch('hello')
    expect(response).toBeInstanceOf(Response)
    expect(await response.text()).toBe(name)
  })

  test('without a place the node that answers soonest', async () => {
    await stop(at('iad').server)
    await stop(at('sin').server)
    const placeless = createInvoker({ nodes: nodes.map(({ node }) => node) })
    closers.push(() => placeless.close())
    const listed = await placeless.nodes()
    expect(listed[0]?.name).toBe('fra-1')
    expect(listed.map(({ healthy }) => healthy)).toEqual([true, false, false])
  })

  test.each([
    ['hello', 'GET hello.localhost/'], ['hello/a/b?c=d', 'GET hello.localhost/a/b?c=d'], ['hello.acme', 'GET hello.acme.localhost/'],
    ['01arz3ndektsv4rrffq69g5fav--hello', 'GET 01arz3ndektsv4rrffq69g5fav--hello.localhost/'],
    ['http://api.example.com/v1', 'GET api.example.com/v1'], [new URL('http://hello.localhost:8099/x'), 'GET hello.localhost/x'],
    [new Request('http://hello.localhost/y'), 'GET hello.localhost/y'],
  ])('target %s', async (target, seen) => {
    expect((await invoke().fetch(target)).status).toBe(200)
    expect(at('fra').requests).toEqual([seen])
  })

  test.each(['', 'ftp://x', 'Not A Name', '/path', 'hello.a.b'])('target %j is refused', async (target) => {
    await expect(invoke().fetch(target)).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('lists nodes at the control plane, and goes on when that is gone', async () => {
    const list = nodes.map(({ node }) => ({
      ...node, internalUrl: node.url, adminUrl: node.url, draining: false, load: 0, epoch: 'e', sequence: 1, connected: true, lastSeenMs: 1,
    }))
    const { server, url } = await listen((request, response) => {
      response.writeHead(request.headers.authorization === 'Bearer token' ? 200 : 401).end(JSON.stringify({ nodes: list }))
    })
    const options = { controlPlaneUrl: url, token: 'token', location: berlin }
    const listing = createInvoker(options)
    closers.push(() => listing.close())
    expect(await (await listing.fetch('hello')).text()).toBe('fra-1')
    await stop(server)
    await stop(at('fra').server)
    expect(await (await listing.fetch('hello')).text()).toBe('iad-1')
    expect(await (await listing.fetch('hello')).text()).toBe('iad-1')
    await expect(createInvoker(options).fetch('hello')).rejects.toMatchObject({ code: 'server_unreachable' })
  })

  test('a control plane that has just started and names no node yet, or that hangs, holds nobody up', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const list = nodes.map(({ node }) => ({
      ...node, internalUrl: node.url, adminUrl: node.url, draining: false, load: 0, epoch: 'e', sequence: 1, connected: true, lastSeenMs: 1,
    }))
    let answer: ((response: ServerResponse) => unknown) | undefined = (response) => response.end(JSON.stringify({ nodes: list }))
    let asked = 0
    const { url } = await listen((_request, response) => {
      asked += 1
      answer?.(response)
    })
    const listing = createInvoker({ controlPlaneUrl: url, token: 'token', location: berlin })
    closers.push(() => listing.close())
    const names = async () => (await listing.nodes()).map(({ name }) => name)
    const all = ['fra-1', 'iad-1', 'sin-1']
    expect(await names()).toEqual(all)
    for (const listed of [[], list.slice(0, 1)]) {
      answer = (response) => response.end(JSON.stringify({ nodes: listed }))
      vi.advanceTimersByTime(11_000)
      const before = asked
      expect(await names()).toEqual(all)
      await vi.waitFor(() => expect(asked).toBe(before + 1))
      expect(await names()).toEqual(all)
    }
    answer = undefined
    for (let calls = 0; calls < 3; calls += 1) {
      vi.advanceTimersByTime(11_000)
      expect(await (await listing.fetch('hello')).text()).toBe('fra-1')
    }
  })

  test('a wrong token is unauthorized; neither nodes nor control plane is invalid', async () => {
    const { url } = await listen((_request, response) => response.writeHead(401).end())
    await expect(createInvoker({ controlPlaneUrl: url, location: berlin }).fetch('hello')).rejects.toMatchObject({ code: 'unauthorized' })
    expect(() => createInvoker({})).toThrow(expect.objectContaining({ code: 'invalid_request' }) as Error)
  })
})

describe('failover', () => {
  test('a refused connection moves any call on, with its body', async () => {
    await stop(at('fra').server)
    let body = ''
    at('iad').handle = (request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => response.end('ok'))
    }
    expect((await invoke().fetch('hello', { method: 'POST', body: 'abc' })).status).toBe(200)
    expect(body).toBe('abc')
  })

  test.each([['GET', 1], ['PUT', 1], ['POST', 0]])('%s after a connection broken before the head', async (method, repeats) => {
    at('fra').handle = (request) => request.socket.destroy()
    const answer = invoke().fetch('hello', { method, ...(method === 'GET' ? {} : { body: 'abc' }) })
    if (repeats === 1) expect(await (await answer).text()).toBe('iad-1')
    else await expect(answer).rejects.toMatchObject({ code: 'no_healthy_node' })
    expect(at('iad').requests).toHaveLength(repeats)
  })

  test.each([
    ['overloaded', 'GET', {}, 'iad-1'], ['overloaded', 'POST', {}, 'fra-1'], ['overloaded', 'POST', { 'x-skerry-not-begun': '1' }, 'iad-1'],
    ['cpu_limit_exceeded', 'GET', {}, 'fra-1'], ['concurrency_limit_exceeded', 'GET', {}, 'iad-1'], ['concurrency_limit_exceeded', 'POST', {}, 'fra-1'],
    ['rate_limit_exceeded', 'GET', {}, 'fra-1'],
  ])('%s of a %s with %j is answered by %s', async (code, method, more, name) => {
    at('fra').handle = (request, response) => {
      request.resume()
      response.writeHead(/^(?:concurrency|rate)/.test(code) ? 429 : 503, { 'x-skerry-error': code, 'x-skerry-node': 'fra-1', ...more }).end()
    }
    expect((await invoke().fetch('hello', { method })).headers.get('x-skerry-node')).toBe(name)
  })

  test('a streamed body is sent once', async () => {
    at('fra').handle = (request) => request.once('data', () => request.socket.destroy())
    const body = new Blob(['abc']).stream()
    await expect(invoke().fetch('hello', { method: 'PUT', body, duplex: 'half' })).rejects.toMatchObject({ code: 'no_healthy_node' })
    expect(at('iad').requests).toEqual([])
  })

  test('a function that is named is called at an address, also where nobody there tells of a domain', async () => {
    const { server, url } = await listen((request, response) => response.writeHead(request.url === '/' ? 200 : 404).end(request.headers.host))
    const named = createInvoker({ baseUrl: url })
    closers.push(() => named.close())
    expect(await (await named.fetch('hello')).text()).toBe(`hello.localhost:${new URL(url).port}`)
    await stop(server)
    await expect(named.fetch('hello')).rejects.toMatchObject({ code: 'no_healthy_node', tried: [{ outcome: 'failed' }] })
  })

  test('where nobody answers, the last failure is the cause', async () => {
    await Promise.all(nodes.map(({ server }) => stop(server)))
    await expect(invoke().fetch('hello')).rejects.toMatchObject({ code: 'no_healthy_node', cause: expect.any(Error) as Error })
    await expect(invoke({ nodes: [] }).fetch('hello')).rejects.toMatchObject({ code: 'no_healthy_node' })
  })
})

describe('fetch', () => {
  test('streams both ways, binary-safe', async () => {
    at('fra').handle = (request, response) => request.pipe(response)
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 256)
    const answer = await invoke().fetch('hello', { method: 'POST', body: new Blob([bytes]).stream(), duplex: 'half' })
    expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true)
  })

  test('forms, headers, repeated cookies, statuses without body', async () => {
    let seen = ''
    at('fra').handle = (request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk)).on('end', () => {
        response.writeHead(204, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-type', String(request.headers['content-type'])]).end()
      })
    }
    const body = new FormData()
    body.append('name', 'value')
    const answer = await invoke().fetch('hello', { method: 'POST', body })
    expect([answer.status, answer.body, answer.headers.getSetCookie()]).toEqual([204, null, ['a=1', 'b=2']])
    expect(answer.headers.get('x-type')).toMatch(/^multipart\/form-data; boundary=/)
    expect(seen).toContain('name="name"')
  })

  test('honours the signal, before and during the call', async () => {
    await expect(invoke().fetch('hello', { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never')
    const controller = new AbortController()
    const closed = new Promise<void>((resolve) => {
      at('fra').handle = (_request, response) => {
        response.on('close', () => resolve())
        controller.abort(new Error('enough'))
      }
    })
    await expect(invoke().fetch('hello', { signal: controller.signal })).rejects.toThrow('enough')
    await closed
    expect(at('iad').requests).toEqual([])
  })

  test('a redirect within the cluster stays at the node; one out of it leaves', async () => {
    const { url } = await listen((_request, response) => response.end('outside'))
    at('fra').handle = (request, response) => {
      if (request.url === '/out') response.writeHead(302, { location: url }).end()
      else if (request.url === '/in') response.writeHead(302, { location: `http://other.localhost:${new URL(at('fra').node.url).port}/` }).end()
      else response.end(request.headers.host)
    }
    expect(await (await invoke().fetch('hello/out')).text()).toBe('outside')
    const inside = await invoke().fetch('hello/in')
    expect(await inside.text()).toMatch(/^other\.localhost/)
    expect([inside.redirected, new URL(inside.url).hostname]).toEqual([true, 'other.localhost'])
  })

  test('who was reached by a redirect does not have a call sent again, nor gets its credentials', async () => {
    let seen: IncomingMessage['headers'] = {}
    const { url } = await listen((request, response) => {
      seen = request.resume().headers
      response.writeHead(503, { 'x-skerry-not-begun': '1' }).end()
    })
    at('fra').handle = (request, response) => {
      request.resume()
      response.writeHead(307, { location: url }).end()
    }
    expect((await invoke().fetch('hello', { method: 'POST', body: 'abc', headers: { authorization: 'Bearer secret', cookie: 'a=1' } })).status).toBe(503)
    expect([seen.authorization, seen.cookie, at('fra').requests.length, at('iad').requests]).toEqual([undefined, undefined, 1, []])
  })

  test('a given fetch gets plain URLs', async () => {
    const seen: string[] = []
    const given: typeof fetch = (input) => {
      seen.push(input instanceof Request ? input.url : String(input))
      return Promise.resolve(new Response('given'))
    }
    expect(await (await invoke({ fetch: given }).fetch('hello/x')).text()).toBe('given')
    expect(seen).toEqual([`http://hello.localhost:${new URL(at('fra').node.url).port}/x`])
  })
})
