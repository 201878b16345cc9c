import { beforeEach, describe, expect, test } from 'vitest'
import { bytesOf, ExchangeDriver } from '../../../test/helpers/exchange-driver.ts'
import { turn } from '../../../test/helpers/scripted-host.ts'
import { HostOperation, initialCreditBytes, maximumChunkBytes } from '../../bridge/index.ts'
import { Response } from '../fetch/index.ts'
import { ReadableStream } from '../streams/index.ts'
import { fireTimer, setTimeout } from '../timers/index.ts'
import { forgetExchange, receiveCredit, receiveReset } from './events.ts'

let driver = new ExchangeDriver()
let { host } = driver
const start: ExchangeDriver['start'] = (...parameters) => driver.start(...parameters)

beforeEach(() => {
  driver = new ExchangeDriver()
  host = driver.host
})

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
      expect(host.of(HostOperation.fail, id)[0]?.third).toContain('answer.test')
      expect(host.names(id).at(-1)).toBe('settled')
    }
  })

  test('of more than a megabyte travels in chunks with its length', async () => {
    const id = start(() => new Response(bytesOf(3 * 1024 * 1024)))
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
        else controller.enqueue(bytesOf(100_000))
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
      setTimeout(() => fired.push('late'), 1_000)
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
