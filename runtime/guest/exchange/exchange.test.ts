import { beforeEach, describe, expect, test } from 'vitest'
import { ScriptedHost, turn } from '../../../test/helpers/scripted-host.ts'
import { HostOperation, initialCreditBytes, maximumChunkBytes } from '../../bridge/index.ts'
import { type Request, Response } from '../fetch/index.ts'
import { AbortController as AbortControllerOfGuest } from '../events/index.ts'
import { connectHost } from '../host.ts'
import { ReadableStream } from '../streams/index.ts'
import { fireTimer, setTimeout as setTimeoutOfGuest } from '../timers/index.ts'
import {
  adoptHandlers, configure, forgetExchange, receiveChunk, receiveCredit, receiveEnd, receiveHead, receiveReset, startRequest,
} from './events.ts'
import type { ExecutionContext } from './execution-context.ts'
import { fetch } from './fetch.ts'

type Handler = (request: Request, environment: Record<string, string>, context: ExecutionContext) => unknown

const get = 'GET\nhttp://hello.localhost/\n{}'
const post = 'POST\nhttp://hello.localhost/\n{}\ncontent-type\ttext/plain'.replace('\t', '\n')
let host = new ScriptedHost()
let lastId = 0

beforeEach(() => {
  host = new ScriptedHost()
  connectHost(host.call)
})

function start(handler: Handler, head = get, body?: Uint8Array | true): number {
  expect(adoptHandlers({ fetch: handler })).toBe('')
  lastId += 2
  startRequest(lastId, head, body)
  return lastId
}

const bytes = (length: number, value = 1): Uint8Array => new Uint8Array(length).fill(value)

describe('an answer', () => {
  test('leaves in one call where it is plain', () => {
    const id = start(() => new Response('hello'))
    expect(host.calls).toEqual([
      { operation: HostOperation.respond, id, first: '200\n\n\ncontent-type\ntext/plain;charset=UTF-8', second: 'hello', third: true },
    ])
  })

  test('leaves in one call from an async handler', async () => {
    const id = start(async () => Response.json({ a: 1 }, { status: 201, statusText: 'Made', headers: [['x-a', '1'], ['set-cookie', 'a'], ['set-cookie', 'b']] }))
    await turn()
    expect(host.calls).toEqual([{
      operation: HostOperation.respond, id,
      first: '201\nMade\n\nx-a\n1\nset-cookie\na\nset-cookie\nb\ncontent-type\napplication/json', second: '{"a":1}', third: true,
    }])
  })

  test('has no body for HEAD, but its length', () => {
    const id = start(() => new Response('hé'), 'HEAD\nhttp://hello.localhost/\n{}')
    const [answer] = host.of(HostOperation.respond, id)
    expect(answer).toMatchObject({ first: '200\n\n\ncontent-type\ntext/plain;charset=UTF-8\ncontent-length\n3', second: undefined, third: true })
  })

  test('cancels the stream that HEAD does not want', () => {
    const reasons: unknown[] = []
    const id = start(() => new Response(new ReadableStream({ cancel: (reason) => void reasons.push(reason) })), 'HEAD\nhttp://h/\n{}')
    expect(host.names(id)).toEqual(['respond'])
    expect(reasons).toHaveLength(1)
  })

  test('is refused where it is no Response, or is used', async () => {
    const used = new Response('x')
    await used.text()
    for (const answer of [undefined, 'text', {}, used, Response.error()]) {
      const id = start(() => answer)
      await turn()
      expect(host.names(id)).toEqual(['fail', 'settled'])
      expect(host.of(HostOperation.fail, id)[0]?.first).toBe('no_response')
    }
  })

  test('that fails tells message and stack', async () => {
    for (const handler of [() => { throw new RangeError('early') }, async () => { throw new RangeError('early') }]) {
      const id = start(handler)
      await turn()
      expect(host.of(HostOperation.fail, id)[0]).toMatchObject({ first: 'uncaught_exception', second: expect.stringContaining('early') as string })
      expect(host.of(HostOperation.fail, id)[0]?.third).toContain('exchange.test')
      expect(host.names(id).at(-1)).toBe('settled')
    }
  })

  test('of more than a megabyte travels in chunks with its length', async () => {
    const id = start(() => new Response(bytes(3 * 1024 * 1024)))
    await turn()
    expect(host.of(HostOperation.respond, id)[0]).toMatchObject({ first: '200\n\n\ncontent-length\n3145728', second: true, third: false })
    expect(host.sentBytes(id)).toBe(initialCreditBytes)
    receiveCredit(id, 3 * 1024 * 1024)
    await turn()
    expect(host.sentBytes(id)).toBe(3 * 1024 * 1024)
    expect(host.names(id).slice(-2)).toEqual(['end', 'settled'])
  })
})

describe('a streamed answer', () => {
  test('keeps to its credit and to the size of chunks', async () => {
    let pulled = 0
    const id = start(() => new Response(new ReadableStream({
      pull(controller) {
        pulled += 1
        if (pulled > 6) controller.close()
        else controller.enqueue(bytes(100_000))
      },
    }, { highWaterMark: 0 })))
    await turn()
    expect(host.sentBytes(id)).toBe(initialCreditBytes)
    expect(pulled).toBe(3)
    receiveCredit(id, 1)
    await turn()
    expect(host.sentBytes(id)).toBe(initialCreditBytes + 1)
    for (let granted = 1; granted < 600_000; granted += 50_000) {
      receiveCredit(id, 50_000)
      await turn()
      expect(host.sentBytes(id)).toBeLessThanOrEqual(initialCreditBytes + granted + 50_000)
    }
    expect(host.sentBytes(id)).toBe(600_000)
    expect(Math.max(...host.of(HostOperation.chunk, id).map(({ first }) => (first as Uint8Array).length))).toBe(maximumChunkBytes)
    expect(host.names(id).slice(-2)).toEqual(['end', 'settled'])
  })

  test('that breaks after the head is reset with message and stack', async () => {
    const id = start(() => new Response(new ReadableStream({ start: (controller) => controller.error(new RangeError('broke')) })))
    await turn()
    expect(host.of(HostOperation.reset, id)[0]).toMatchObject({ first: expect.stringContaining('broke') as string, second: false })
    expect(host.names(id)).toEqual(['respond', 'reset', 'settled'])
  })

  test('refuses chunks that are no bytes', async () => {
    const reasons: unknown[] = []
    const id = start(() => new Response(new ReadableStream({
      start: (controller) => controller.enqueue('text'),
      cancel: (reason) => void reasons.push(reason),
    })))
    await turn()
    expect(host.of(HostOperation.reset, id)[0]?.first).toContain('TextEncoder')
    expect(reasons[0]).toBeInstanceOf(TypeError)
  })

  test('is cancelled when the client goes, and the signal aborts', async () => {
    const seen: string[] = []
    const id = start((request) => {
      request.signal.addEventListener('abort', () => seen.push(`signal ${request.signal.aborted}`))
      return new Response(new ReadableStream({ cancel: (reason) => void seen.push((reason as Error).name) }))
    })
    await turn()
    receiveReset(id, 'aborted', '')
    await turn()
    expect(seen.toSorted()).toEqual(['AbortError', 'signal true'])
    expect(host.names(id)).toEqual(['respond', 'settled'])
  })

  test('is not begun where the client has gone before', async () => {
    const gate = Promise.withResolvers<Response>()
    const id = start(() => gate.promise)
    receiveReset(id, 'aborted', '')
    let cancelled = false
    gate.resolve(new Response(new ReadableStream({ cancel: () => { cancelled = true } })))
    await turn()
    expect(host.names(id)).toEqual(['respond'])
    expect(host.of(HostOperation.respond, id)[0]).toMatchObject({ second: undefined, third: true })
    expect(cancelled).toBe(true)
  })
})

describe('waitUntil', () => {
  test('delays the end, and reports rejections', async () => {
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const id = start((_request, _environment, context) => {
      context.passThroughOnException()
      context.waitUntil(first.promise)
      context.waitUntil(second.promise)
      return new Response('x')
    })
    expect(host.of(HostOperation.respond, id)[0]?.third).toBe(false)
    first.resolve()
    await turn()
    expect(host.names(id)).toEqual(['respond'])
    second.reject(new RangeError('late'))
    await turn()
    expect(host.names(id)).toEqual(['respond', 'exception', 'settled'])
    expect(host.of(HostOperation.exception, id)[0]?.first).toContain('late')
  })

  test('leaves no timer behind', () => {
    const fired: string[] = []
    const id = start(() => {
      setTimeoutOfGuest(() => fired.push('late'), 1_000)
      return new Response('x')
    })
    const [timer] = host.of(HostOperation.timerStart)
    expect(timer?.second).toBe(id)
    fireTimer(timer?.id ?? 0)
    expect(fired).toEqual([])
  })

  test('ends with forget', async () => {
    const gate = Promise.withResolvers<void>()
    const id = start((_request, _environment, context) => {
      context.waitUntil(gate.promise)
      return new Response('x')
    })
    forgetExchange(id)
    gate.resolve()
    await turn()
    expect(host.names(id)).toEqual(['respond'])
  })
})

describe('a request', () => {
  test('shows what its head says', async () => {
    configure('{"GREETING":"hi"}')
    const seen = Promise.withResolvers<unknown[]>()
    start((request, environment) => {
      const skerry = request.skerry as { region: string }
      seen.resolve([request.method, request.url, request.headers.get('X-A'), skerry.region, Object.isFrozen(skerry), environment['GREETING'], request.body])
      return new Response(null, { status: 204 })
    }, 'PUT\nhttp://hello.localhost/a?b\n{"region":"fra"}\nx-a\n1\nx-a\n2')
    expect(await seen.promise).toEqual(['PUT', 'http://hello.localhost/a?b', '1, 2', 'fra', true, 'hi', null])
  })

  test('reads a whole body without a stream', async () => {
    const id = start(async (request) => new Response(await request.text()), post, new TextEncoder().encode('héllo'))
    await turn()
    expect(host.of(HostOperation.respond, id)[0]?.second).toBe('héllo')
  })

  test('gives credit for a streamed body as it is taken', async () => {
    const id = start(async (request) => new Response(await request.bytes()), post, true)
    receiveChunk(id, bytes(10))
    await turn()
    receiveChunk(id, bytes(20))
    receiveEnd(id)
    await turn()
    expect(host.of(HostOperation.credit, id).map(({ first }) => first)).toEqual([10, 20])
    expect(host.of(HostOperation.respond, id)[0]?.second).toEqual(Uint8Array.from([...bytes(10), ...bytes(20)]))
  })

  test('gives no credit for what nobody takes, until it is cancelled', async () => {
    const gate = Promise.withResolvers<void>()
    const id = start(async (request) => {
      await gate.promise
      await request.body?.cancel('enough')
      return new Response('x')
    }, post, true)
    receiveChunk(id, bytes(10))
    receiveChunk(id, bytes(5))
    await turn()
    expect(host.of(HostOperation.credit, id)).toEqual([])
    gate.resolve()
    await turn()
    expect(host.of(HostOperation.credit, id).map(({ first }) => first)).toEqual([10, 5])
    expect(host.of(HostOperation.reset, id)[0]).toMatchObject({ first: 'enough', second: true })
  })

  test('echoes its stream under the credit of both sides', async () => {
    const id = start((request) => new Response(request.body), post, true)
    await turn()
    for (let index = 0; index < 8; index += 1) {
      receiveChunk(id, bytes(maximumChunkBytes))
      await turn()
    }
    // Four chunks fill the outgoing window; the fifth is held, and the rest is not asked for.
    expect(host.sentBytes(id)).toBe(initialCreditBytes)
    expect(host.of(HostOperation.credit, id)).toHaveLength(5)
    receiveCredit(id, initialCreditBytes)
    receiveEnd(id)
    await turn()
    expect(host.sentBytes(id)).toBe(8 * maximumChunkBytes)
    expect(host.names(id).slice(-2)).toEqual(['end', 'settled'])
  })

  test('fails with the code when its body breaks off', async () => {
    const id = start(async (request) => {
      const error = await request.text().catch((thrown: unknown) => thrown)
      return Response.json({ code: (error as { code: string }).code })
    }, post, true)
    receiveReset(id, 'request_too_large', 'too much')
    await turn()
    expect(host.of(HostOperation.respond, id)[0]?.second).toBe('{"code":"request_too_large"}')
  })
})

describe('fetch', () => {
  test('sends a head and resolves with the answer', async () => {
    const id = start(async () => {
      const answer = await fetch('http://origin.example/a#b', { method: 'post', body: 'x', redirect: 'manual' })
      return Response.json([answer.status, answer.url, answer.redirected, answer.headers.getSetCookie(), await answer.text()])
    })
    const [call] = host.of(HostOperation.subrequest)
    expect(call).toMatchObject({
      id, first: 'POST\nhttp://origin.example/a\n{"redirect":"manual"}\ncontent-type\ntext/plain;charset=UTF-8', second: 'x',
    })
    receiveHead(1, '201\nOK\n{"url":"http://origin.example/c","redirected":true}\nset-cookie\na\nset-cookie\nb', new TextEncoder().encode('body'))
    await turn()
    expect(host.of(HostOperation.respond, id)[0]?.second).toBe('[201,"http://origin.example/c",true,["a","b"],"body"]')
  })

  test('passes a streamed answer through with constant memory', async () => {
    const id = start(() => fetch('http://origin.example/'))
    receiveHead(1, '200\nOK\n\nx-a\n1', true)
    await turn()
    expect(host.of(HostOperation.respond, id)[0]).toMatchObject({ first: '200\nOK\n\nx-a\n1', second: true })
    for (let index = 0; index < 8; index += 1) {
      receiveChunk(1, bytes(maximumChunkBytes))
      await turn()
    }
    expect(host.of(HostOperation.credit, 1)).toHaveLength(5)
    receiveCredit(id, initialCreditBytes)
    receiveEnd(1)
    await turn()
    expect(host.sentBytes(id)).toBe(8 * maximumChunkBytes)
    expect(host.names(id).slice(-2)).toEqual(['end', 'settled'])
  })

  test('passes an upstream body on in a new Response', async () => {
    const id = start(async () => {
      const upstream = await fetch('http://origin.example/')
      return new Response(upstream.body, upstream)
    })
    receiveHead(1, '203\nOK\n\nx-a\n1', true)
    receiveChunk(1, bytes(3))
    receiveEnd(1)
    await turn()
    expect(host.of(HostOperation.respond, id)[0]?.first).toBe('203\nOK\n\nx-a\n1')
    expect(host.sentBytes(id)).toBe(3)
  })

  test('rejects with the code of a refusal', async () => {
    host.onSubrequest = () => 'address_blocked\n127.0.0.1 may not be called'
    const seen = Promise.withResolvers<unknown>()
    start(async () => {
      seen.resolve(await fetch('http://127.0.0.1/').catch((thrown: unknown) => thrown))
      return new Response('x')
    })
    const error = await seen.promise
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'address_blocked', message: '127.0.0.1 may not be called' })
  })

  test('aborts by signal, before and after the head', async () => {
    const controllers = [new AbortControllerOfGuest(), new AbortControllerOfGuest()]
    const seen: unknown[] = []
    const id = start(async () => {
      seen.push(await fetch('http://a.example/', { signal: controllers[0]?.signal }).catch((thrown: unknown) => thrown))
      const answer = await fetch('http://a.example/', { signal: controllers[1]?.signal })
      seen.push(await answer.text().catch((thrown: unknown) => thrown))
      return new Response('x')
    })
    controllers[0]?.abort('no')
    await turn()
    expect(host.of(HostOperation.reset, 1)).toMatchObject([{ second: true }])
    receiveHead(3, '200\n\n', true)
    await turn()
    controllers[1]?.abort('never mind')
    await turn()
    expect(seen).toEqual(['no', 'never mind'])
    expect(host.of(HostOperation.reset, 3)).toMatchObject([{ second: true }])
    expect(host.names(id).at(-1)).toBe('respond')
  })

  test('streams an upload, and stops it when the other side has enough', async () => {
    let cancelled = false
    const id = start(async () => {
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(bytes(maximumChunkBytes)),
        cancel: () => { cancelled = true },
      }, { highWaterMark: 0 })
      return fetch('http://a.example/', { method: 'POST', body, duplex: 'half' })
    })
    await turn()
    expect(host.sentBytes(1)).toBe(initialCreditBytes)
    receiveReset(1, 'aborted', '')
    await turn()
    expect(cancelled).toBe(true)
    receiveHead(1, '200\n\n', undefined)
    await turn()
    expect(host.names(id)).toEqual(['subrequest', 'respond'])
  })

  test('speaks HTTP only, and rejects rather than throws', async () => {
    const seen: unknown[] = []
    start(async () => {
      for (const url of ['ftp://a.example/', 'relative', 'data:,x']) seen.push(await fetch(url).catch((thrown: unknown) => thrown))
      return new Response('x')
    })
    await turn()
    expect(seen.every((error) => error instanceof TypeError)).toBe(true)
    expect(host.of(HostOperation.subrequest)).toEqual([])
  })

  test('is refused for a request that is over', async () => {
    const gate = Promise.withResolvers<void>()
    const seen = Promise.withResolvers<unknown>()
    start(() => {
      void gate.promise.then(() => fetch('http://a.example/')).catch((thrown: unknown) => seen.resolve(thrown))
      return new Response('x')
    })
    gate.resolve()
    expect((await seen.promise as Error).message).toContain('over')
    expect(host.of(HostOperation.subrequest)).toEqual([])
  })

  test('fails what still waits when its request ends', async () => {
    const seen: unknown[] = []
    const id = start((_request, _environment, context) => {
      fetch('http://a.example/').catch((thrown: unknown) => seen.push(thrown))
      context.waitUntil(new Promise(() => {}))
      return new Response('x')
    })
    forgetExchange(id)
    await turn()
    expect((seen[0] as Error).message).toContain('over')
    receiveHead(1, '200\n\n', undefined)
    expect(host.names(1)).toEqual([])
  })
})

test.each<[string, () => unknown, string]>([
  ['an object', () => ({ fetch() {} }), ''],
  ['an instance', () => new (class { fetch() {} })(), ''],
  ['an object without fetch', () => ({ scheduled() {} }), ''],
  ['nothing', () => undefined, 'no default export'],
  ['null', () => null, 'no default export'],
  ['a number', () => 7, 'number'],
  ['a handler that is no function', () => ({ fetch: 7 }), 'not a function'],
  ['no handler', () => ({}), 'no handler'],
  ['a function', () => () => {}, 'function or class'],
  ['a getter that throws', () => ({ get fetch() { throw new Error('boom') } }), 'boom'],
])('adopts or refuses %s', (_title, make, message) => {
  const problem = adoptHandlers(make())
  if (message === '') expect(problem).toBe('')
  else expect(problem).toContain(message)
})
