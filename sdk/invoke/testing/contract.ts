import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Request as UndiciRequest } from 'undici'
import { errorRegistry } from '../../../errors/index.ts'
import type { Invoker } from '../create-invoker.ts'
import type { InvokerEvent } from '../events.ts'
import type { InvokerOptions } from '../options.ts'
import { cors, type ScriptedNodes, startScriptedNodes, startServer, stop } from './scripted-nodes.ts'

export interface Harness {
  readonly nodeUrl: (name: string, port: number) => string
  /** `fetch` goes along where the platform needs one to find the nodes' names. */
  readonly create: (options: InvokerOptions) => Invoker
}

const berlin = { latitude: 52.52, longitude: 13.4 }

/** What every invoker does, however it sends. */
export function invokerContract(name: string, open: () => Promise<Harness>): void {
  describe(name, () => {
    let harness: Harness
    let nodes: ScriptedNodes
    let invoker: Invoker
    let events: InvokerEvent[]
    const closers: (() => Promise<void>)[] = []

    const create = (options: InvokerOptions = {}): Invoker => {
      invoker = harness.create({ nodes: nodes.listed(), domain: 'example.com', location: berlin, onEvent: (event) => events.push(event), ...options })
      closers.push(() => invoker.close())
      return invoker
    }
    const door = async (): Promise<string> => {
      const { url, server } = await startServer((request, response) => {
        const { origin } = new URL(`http://127.0.0.1:${(nodes.at('iad').node.url.split(':').at(-1) ?? '')}`)
        if (request.url?.startsWith('/.well-known/') !== true) {
          response.writeHead(200, cors).end('door')
          return
        }
        void fetch(origin + request.url).then(async (answer) => {
          response.writeHead(answer.status, cors).end(await answer.text())
        })
      })
      closers.push(() => stop(server))
      return url
    }

    beforeAll(async () => {
      harness = await open()
    })
    beforeEach(async () => {
      events = []
      nodes = await startScriptedNodes(['sin', 'iad', 'fra'], harness.nodeUrl)
    })
    afterEach(async () => {
      vi.useRealTimers()
      await Promise.all(closers.splice(0).map((close) => close()))
      await nodes.close()
    })
    const tried = (): string[] => events.filter(({ kind }) => kind === 'attempt').map((event) => ('target' in event ? event.target : ''))

    test('goes to the nearest; `fetch` may be taken off', async () => {
      const { fetch: call } = create()
      expect(await (await call('http://hello.example.com/a?b=c')).text()).toBe('fra-1')
      expect(await (await call(new Request('http://hello.example.com/r'))).text()).toBe('fra-1')
      expect(await (await invoker.function('hello').fetch('/named')).text()).toBe('fra-1')
      expect(nodes.at('fra').calls.map((line) => line.replace(/^GET \S*?\//, '/'))).toEqual(['/a?b=c', '/r', '/named'])
      expect(tried()).toEqual(['fra-1', 'fra-1', 'fra-1'])
    })

    test('answers are as they came', async () => {
      nodes.at('fra').script = (_request, response) => response.writeHead(418, 'Short And Stout', { ...cors, 'x-own': '1', etag: '"a"' }).end(new Uint8Array([0, 255, 10]))
      const answer = await create().fetch('http://hello.example.com/x')
      expect([answer.status, answer.statusText, answer.headers.get('x-own'), answer.headers.get('etag'), answer.redirected]).toEqual([418, 'Short And Stout', '1', '"a"', false])
      expect(answer).toBeInstanceOf(Response)
      expect(new URL(answer.url).pathname).toBe('/x')
      expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([0, 255, 10])
    })

    test.each(['GET', 'POST'])('%s, the nearest is dead', async (method) => {
      await nodes.at('fra').kill()
      nodes.at('iad').script = (request, response) => {
        response.writeHead(200, cors)
        request.pipe(response)
      }
      const answer = await create().fetch('http://hello.example.com/', method === 'GET' ? {} : { method, body: 'abc' })
      expect(await answer.text()).toBe(method === 'GET' ? '' : 'abc')
      expect(events).toContainEqual({ kind: 'down', target: 'fra-1' })
    })

    test('the nearest hangs: a safe call is answered elsewhere in under a second, and later ones go there at once', async () => {
      nodes.at('fra').hang()
      const startedMs = performance.now()
      expect(await (await create().fetch('http://hello.example.com/')).text()).toBe('iad-1')
      const failoverMs = performance.now() - startedMs
      // Two patiences of 250 ms; the rest is what a busy machine takes.
      expect(failoverMs).toBeLessThan(3_000)
      expect(await (await invoker.fetch('http://hello.example.com/')).text()).toBe('iad-1')
      expect(tried()).toEqual(['fra-1', 'iad-1', 'iad-1'])
    })

    test('a function that takes long, at a node that lives, runs once', async () => {
      let finish = (): void => undefined
      nodes.at('fra').script = (_request, response) => {
        finish = () => response.writeHead(200, cors).end('late')
      }
      const answer = create().fetch('http://hello.example.com/')
      await vi.waitFor(() => expect(nodes.at('fra').pings).toBeGreaterThan(1), { timeout: 10_000 })
      finish()
      expect(await (await answer).text()).toBe('late')
      expect(tried()).toEqual(['fra-1'])
    })

    test.each([
      ['GET', {}, true], ['PUT', {}, true], ['DELETE', {}, true], ['POST', {}, false], ['PATCH', {}, false], ['POST', { idempotencyKey: 'k' }, true],
      ['POST', { retry: 'always' }, true], ['GET', { retry: 'never' }, false],
    ] as const)('%s %j after a break before the head: repeated %s', async (method, more, isRepeated) => {
      nodes.at('fra').script = (request) => request.socket.destroy()
      const answer = create().fetch('http://hello.example.com/', { method, ...(method === 'GET' || method === 'DELETE' ? {} : { body: 'abc' }), ...more })
      if (isRepeated) expect(await (await answer).text()).toBe('iad-1')
      else await expect(answer).rejects.toMatchObject({ code: 'no_healthy_node', tried: [{ target: 'fra-1', outcome: 'failed' }] })
      expect(nodes.at('iad').calls).toHaveLength(isRepeated ? 1 : 0)
    })

    test.each([
      ['overloaded', 'GET', 'iad-1'], ['overloaded', 'POST', ''], ['cpu_limit_exceeded', 'GET', ''],
    ])('503 %s of a %s', async (code, method, text) => {
      nodes.at('fra').script = (request, response) => {
        request.resume()
        response.writeHead(503, { ...cors, 'x-skerry-error': code }).end()
      }
      expect(await (await create().fetch('http://hello.example.com/', { method })).text()).toBe(text)
    })

    test('where all refuse for load, waits as they say, once and again, within the bound', async () => {
      let refusals = 0
      for (const node of nodes.all) {
        node.script = (_request, response) => {
          refusals += 1
          if (refusals <= 3) response.writeHead(503, { ...cors, 'x-skerry-error': 'overloaded', 'retry-after': '0' }).end()
          else response.writeHead(200, cors).end('after all')
        }
      }
      expect(await (await create().fetch('http://hello.example.com/')).text()).toBe('after all')
      expect(events.filter(({ kind }) => kind === 'wait')).toHaveLength(1)
      for (const node of nodes.all) node.script = (_request, response) => response.writeHead(503, { ...cors, 'x-skerry-error': 'overloaded', 'retry-after': '60' }).end('busy')
      const refused = await invoker.fetch('http://hello.example.com/')
      expect([refused.status, await refused.text()]).toEqual([503, 'busy'])
      expect(events.filter(({ kind }) => kind === 'wait')).toHaveLength(1)
    })

    test('waits as long as any node may ask for because of load', async () => {
      const { retryAfterSeconds = 0, retrySpreadSeconds = 0 } = errorRegistry.overloaded
      const refused = { ...cors, 'x-skerry-error': 'overloaded', 'retry-after': String(retryAfterSeconds + retrySpreadSeconds) }
      for (const node of nodes.all) node.script = (_request, response) => response.writeHead(503, refused).end()
      const waiting = new AbortController()
      const call = create().fetch('http://hello.example.com/', { signal: waiting.signal })
      await vi.waitFor(() => expect(events.some(({ kind }) => kind === 'wait')).toBe(true), { timeout: 10_000 })
      waiting.abort(new Error('waited'))
      await expect(call).rejects.toThrow('waited')
    })

    test('a signal ends the call, what it waits for, and the body that is read', async () => {
      await expect(create().fetch('http://hello.example.com/', { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never')
      const controller = new AbortController()
      const closed = new Promise<void>((resolve) => {
        nodes.at('fra').script = (_request, response) => {
          response.on('close', () => resolve())
          controller.abort(new Error('enough'))
        }
      })
      await expect(invoker.fetch('http://hello.example.com/', { signal: controller.signal })).rejects.toThrow('enough')
      await closed
      expect(nodes.at('iad').calls).toEqual([])
      const reading = new AbortController()
      nodes.at('fra').script = (_request, response) => response.writeHead(200, cors).write('begun')
      const answer = await invoker.fetch('http://hello.example.com/', { signal: reading.signal })
      reading.abort()
      await expect(answer.text()).rejects.toMatchObject({ name: 'AbortError' })
      for (const node of nodes.all) node.script = (_request, response) => response.writeHead(503, { ...cors, 'x-skerry-error': 'overloaded', 'retry-after': '1' }).end()
      const waiting = new AbortController()
      const waits = invoker.fetch('http://hello.example.com/', { signal: waiting.signal })
      await vi.waitFor(() => expect(events.some(({ kind }) => kind === 'wait')).toBe(true), { timeout: 10_000 })
      waiting.abort(new Error('no more'))
      await expect(waits).rejects.toThrow('no more')
    })

    test('a time-out counts until the head, and not for the body', async () => {
      nodes.at('fra').script = () => undefined
      await expect(create().fetch('http://hello.example.com/', { timeoutMs: 50 })).rejects.toMatchObject({ name: 'TimeoutError' })
      let finish = (): void => undefined
      nodes.at('fra').script = (_request, response) => {
        response.writeHead(200, cors).write('a')
        finish = () => response.end('b')
      }
      const answer = await invoker.fetch('http://hello.example.com/', { timeoutMs: 2_000 })
      vi.useFakeTimers({ toFake: ['setTimeout'] })
      vi.advanceTimersByTime(60_000)
      vi.useRealTimers()
      finish()
      expect(await answer.text()).toBe('ab')
    })

    test('streams both ways; a stream is sent once', async () => {
      let fail = true
      nodes.at('fra').script = (request, response) => {
        if (fail) request.once('data', () => request.socket.destroy())
        else request.pipe(response.writeHead(200, cors))
      }
      const upload = () => new Blob(['x'.repeat(70_000)]).stream()
      await expect(create().fetch('http://hello.example.com/', { method: 'PUT', body: upload(), duplex: 'half' })).rejects.toMatchObject({ code: 'no_healthy_node' })
      expect(nodes.at('iad').calls).toEqual([])
      await nodes.at('iad').kill()
      await nodes.at('sin').kill()
      fail = false
      const answer = await invoker.fetch('http://hello.example.com/', { method: 'PUT', body: upload(), duplex: 'half' })
      expect((await answer.text()).length).toBe(70_000)
    })

    test('the body of a Request that was made of a string can be sent again', async () => {
      nodes.at('fra').script = (request) => {
        request.resume().once('end', () => request.socket.destroy())
      }
      nodes.at('iad').script = (request, response) => request.pipe(response.writeHead(200, cors))
      const answer = await create().fetch(new Request('http://hello.example.com/', { method: 'PUT', body: 'abc' }))
      expect(await answer.text()).toBe('abc')
    })

    test('a Request of another package keeps method, headers and body', async () => {
      nodes.at('fra').script = (request, response) => request.pipe(response.writeHead(200, { ...cors, 'x-seen': `${request.method} ${String(request.headers['x-own'])}` }))
      const request = new UndiciRequest('http://hello.example.com/', { method: 'PUT', body: 'abc', headers: { 'x-own': '1' } })
      expect(request).not.toBeInstanceOf(Request)
      const answer = await create().fetch(request)
      expect([answer.headers.get('x-seen'), await answer.text()]).toEqual(['PUT 1', 'abc'])
    })

    test('a body that breaks off is the reader’s to see', async () => {
      nodes.at('fra').script = (_request, response) => {
        response.writeHead(200, { ...cors, 'content-length': '10' }).write('part')
        setImmediate(() => response.destroy())
      }
      const answer = await create().fetch('http://hello.example.com/')
      await expect(answer.text()).rejects.toBeInstanceOf(Error)
      expect(nodes.at('iad').calls).toEqual([])
    })

    test('is over when it is closed', async () => {
      nodes.at('fra').script = () => undefined
      const pending = expect(create().fetch('http://hello.example.com/')).rejects.toMatchObject({ name: 'AbortError' })
      await vi.waitFor(() => expect(nodes.at('fra').calls).toHaveLength(1))
      await invoker.close()
      await pending
      await expect(invoker.fetch('http://hello.example.com/')).rejects.toMatchObject({ name: 'AbortError' })
    })

    test('errors are what plain fetch rejects with, and say what was tried', async () => {
      await nodes.close()
      const error: unknown = await create().fetch('http://hello.example.com/').catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ name: 'TypeError', message: 'fetch failed', code: 'no_healthy_node', cause: { name: 'SkerryError', code: 'no_healthy_node' } })
      expect((error as { tried: { target: string }[] }).tried.slice(0, 3).map(({ target }) => target)).toEqual(['fra-1', 'iad-1', 'sin-1'])
      expect(String((error as Error).cause)).toContain('hello.example.com: fra-1 failed')
      await expect(invoker.fetch('')).rejects.toMatchObject({ name: 'TypeError', code: 'bad_request' })
    })

    test('other hosts are not the cluster’s business', async () => {
      const { url, server } = await startServer((_request, response) => response.writeHead(200, cors).end('elsewhere'))
      closers.push(() => stop(server))
      expect(await (await create().fetch(url)).text()).toBe('elsewhere')
      expect(tried()).toEqual([])
    })

    test('discovers nodes, domain and its own place, and goes on when nobody tells any more', async () => {
      nodes.place = { latitude: 1.3, longitude: 103.8 }
      const baseUrl = await door()
      const discovering = harness.create({ baseUrl, onEvent: (event) => events.push(event) })
      closers.push(() => discovering.close())
      expect(await (await discovering.function('hello').fetch()).text()).toBe('sin-1')
      await Promise.all(closers.splice(0).slice(0, 1).map((close) => close()))
      await nodes.at('sin').kill()
      // Singapore is as far from Frankfurt as from Washington by way of Frankfurt; what counts is that somebody answers.
      expect(await (await discovering.function('hello').fetch()).text()).toMatch(/^(?:fra|iad)-1$/)
    })

    test('where nobody tells of nodes, the door answers, and later calls wait for nothing', async () => {
      let asked = 0
      const { url, server } = await startServer((request, response) => {
        const isDiscovery = request.url?.startsWith('/.well-known/') === true
        if (isDiscovery) asked += 1
        response.writeHead(isDiscovery ? 404 : 200, cors).end('door')
      })
      closers.push(() => stop(server))
      const plain = harness.create({ baseUrl: url })
      closers.push(() => plain.close())
      for (let calls = 0; calls < 5; calls += 1) {
        expect(await (await plain.fetch(`${url}/path`)).text()).toBe('door')
      }
      // The list and the place, once.
      expect(asked).toBe(2)
    })

    test('a node that is back is used again once its ping is answered', async () => {
      vi.useFakeTimers({ toFake: ['performance'] })
      await nodes.at('fra').kill()
      expect(await (await create().fetch('http://hello.example.com/')).text()).toBe('iad-1')
      vi.advanceTimersByTime(1_100)
      const before = events.length
      expect(await (await invoker.fetch('http://hello.example.com/')).text()).toBe('iad-1')
      await nodes.at('fra').revive()
      await vi.waitFor(async () => {
        vi.advanceTimersByTime(5_000)
        expect(await (await invoker.fetch('http://hello.example.com/')).text()).toBe('fra-1')
      }, { timeout: 10_000 })
      expect(events.slice(before)).toContainEqual({ kind: 'up', target: 'fra-1' })
    })

    test('a node that says it is near, and to have worked all the time, is as far as it was measured', async () => {
      const liar = { ...nodes.at('sin').node, latitude: 52.5, longitude: 13.4 }
      nodes.at('sin').ping = (_request, response) => setTimeout(() => response.writeHead(200, cors).end('{}'), 120)
      nodes.at('sin').script = (_request, response) => {
        setTimeout(() => response.writeHead(200, { ...cors, 'x-skerry-node': 'sin-1', 'server-timing': 'total;dur=1000' }).end('sin-1'), 120)
      }
      create({ nodes: [liar, nodes.at('fra').node] })
      const first = await (await invoker.fetch('http://hello.example.com/')).text()
      expect(first).toBe('sin-1')
      for (let times = 0; times < 3; times += 1) await (await invoker.fetch('http://hello.example.com/')).text()
      const latencies = (await invoker.nodes()).map(({ latencyMs = 0 }) => latencyMs)
      expect(Math.max(...latencies)).toBeGreaterThan(60)
      expect(latencies).toEqual(latencies.toSorted((left, right) => left - right))
    })
  })
}
