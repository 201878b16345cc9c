import { beforeEach, describe, expect, test } from 'vitest'
import { bytesOf, ExchangeDriver, postHead } from '../../../test/helpers/exchange-driver.ts'
import { turn } from '../../../test/helpers/scripted-host.ts'
import { HostOperation, initialCreditBytes, maximumChunkBytes } from '../../bridge/index.ts'
import { Response } from '../fetch/index.ts'
import { configure, receiveChunk, receiveCredit, receiveEnd, receiveReset } from './events.ts'

let driver = new ExchangeDriver()
let { host } = driver
const start: ExchangeDriver['start'] = (...parameters) => driver.start(...parameters)

beforeEach(() => {
  driver = new ExchangeDriver()
  host = driver.host
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

  test.each([['bytes', new TextEncoder().encode('héllo')], ['text', 'héllo']])('reads a whole body of %s without a stream', async (_name, body) => {
    const id = start(async (request) => new Response(await request.text()), postHead, body)
    await turn()
    expect(host.of(HostOperation.respond, id)[0]?.second).toBe('héllo')
  })

  test('gives credit for a streamed body as it is taken', async () => {
    const id = start(async (request) => {
      const bytes: number[] = []
      for await (const chunk of request.body as ReadableStream<Uint8Array>) bytes.push(...chunk)
      return new Response(Uint8Array.from(bytes))
    }, postHead, true)
    receiveChunk(id, bytesOf(10))
    await turn()
    receiveChunk(id, bytesOf(20))
    receiveEnd(id)
    await turn()
    expect(host.of(HostOperation.credit, id).map(({ first }) => first)).toEqual([10, 20])
    expect(host.of(HostOperation.respond, id)[0]?.second).toEqual(Uint8Array.from([...bytesOf(10), ...bytesOf(20)]))
  })

  test('gives no credit for what nobody takes, until it is cancelled', async () => {
    const gate = Promise.withResolvers<void>()
    const id = start(async (request) => {
      await gate.promise
      await request.body?.cancel('enough')
      return new Response('x')
    }, postHead, true)
    receiveChunk(id, bytesOf(10))
    receiveChunk(id, bytesOf(5))
    await turn()
    expect(host.of(HostOperation.credit, id)).toEqual([])
    gate.resolve()
    await turn()
    expect(host.of(HostOperation.credit, id).map(({ first }) => first)).toEqual([10, 5])
    expect(host.of(HostOperation.reset, id)[0]).toMatchObject({ first: 'enough', second: true })
  })

  test('echoes its stream under the credit of both sides', async () => {
    const id = start((request) => new Response(request.body), postHead, true)
    await turn()
    for (let index = 0; index < 8; index += 1) {
      receiveChunk(id, bytesOf(maximumChunkBytes))
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

  test('has its body gathered where all of it is read, and gives no credit for that', async () => {
    const gate = Promise.withResolvers<void>()
    const id = start(async (request) => {
      await gate.promise
      return new Response(await request.text())
    }, `${postHead}\ncontent-length\n26`, true)
    receiveChunk(id, bytesOf(10, 97))
    await turn()
    expect(host.of(HostOperation.gather, id)).toEqual([])
    gate.resolve()
    await turn()
    expect(host.of(HostOperation.gather, id)).toMatchObject([{ first: 26 }])
    expect(host.of(HostOperation.credit, id).map(({ first }) => first)).toEqual([10])
    receiveChunk(id, bytesOf(10, 98))
    receiveEnd(id, bytesOf(6, 99))
    await turn()
    expect(host.of(HostOperation.credit, id)).toHaveLength(1)
    expect(host.of(HostOperation.respond, id)[0]?.second).toBe('aaaaaaaaaabbbbbbbbbbcccccc')
  })

  test('says that its stream is handed on as it comes, where it is', async () => {
    const passes = start((request) => new Response(request.body), postHead, true)
    const readFrom = start(async (request) => {
      const reader = (request.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      reader.releaseLock()
      return new Response(request.body)
    }, postHead, true)
    receiveChunk(readFrom, bytesOf(10))
    const made = start((request) => new Response((request.body as ReadableStream<Uint8Array>).pipeThrough(new TransformStream())), postHead, true)
    await turn()
    expect(host.of(HostOperation.passOn, passes)).toMatchObject([{ first: passes }])
    expect([...host.of(HostOperation.passOn, readFrom), ...host.of(HostOperation.passOn, made)]).toEqual([])
    // Whether the host does without the guest or not: what comes is sent on, and what ends has ended.
    receiveChunk(passes, bytesOf(20))
    receiveEnd(passes)
    await turn()
    expect(host.sentBytes(passes)).toBe(20)
    expect(host.names(passes).slice(-2)).toEqual(['end', 'settled'])
  })

  test('fails with the code when its body breaks off', async () => {
    const id = start(async (request) => {
      const error = await request.text().catch((thrown: unknown) => thrown)
      return Response.json({ code: (error as { code: string }).code })
    }, postHead, true)
    receiveReset(id, 'request_too_large', 'too much')
    await turn()
    expect(host.of(HostOperation.respond, id)[0]?.second).toBe('{"code":"request_too_large"}')
  })
})
