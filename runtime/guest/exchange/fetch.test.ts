import { beforeEach, describe, expect, test } from 'vitest'
import { bytesOf, ExchangeDriver } from '../../../test/helpers/exchange-driver.ts'
import { turn } from '../../../test/helpers/scripted-host.ts'
import { HostOperation, initialCreditBytes, maximumChunkBytes } from '../../bridge/index.ts'
import { receiveResult } from '../crypto/index.ts'
import { AbortController } from '../events/index.ts'
import { Response } from '../fetch/index.ts'
import { ReadableStream } from '../streams/index.ts'
import { forgetExchange, receiveChunk, receiveCredit, receiveEnd, receiveHead, receiveReset } from './events.ts'
import { fetch } from './fetch.ts'

let driver = new ExchangeDriver()
let { host } = driver
const start: ExchangeDriver['start'] = (...parameters) => driver.start(...parameters)

beforeEach(() => {
  driver = new ExchangeDriver()
  host = driver.host
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
      receiveChunk(1, bytesOf(maximumChunkBytes))
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
    receiveChunk(1, bytesOf(3))
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
    const controllers = [new AbortController(), new AbortController()]
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
        pull: (controller) => controller.enqueue(bytesOf(maximumChunkBytes)),
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
      for (const url of ['ftp://a.example/', 'relative', 'data:x', 'about:blank', 'blob:null/x']) seen.push(await fetch(url).catch((thrown: unknown) => thrown))
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

  test('answers data: by itself', async () => {
    const id = start(async () => {
      const answer = await fetch('data:text/plain;base64,aGk=', { method: 'POST', body: 'x' })
      return new Response([answer.status, answer.statusText, answer.type, answer.headers.get('content-type'), await answer.text()].join())
    })
    await turn()
    expect(host.of(HostOperation.subrequest)).toEqual([])
    expect(host.of(HostOperation.respond, id)[0]?.second).toBe('200,OK,basic,text/plain,hi')
  })

  test('fails where the body of the request fails', async () => {
    const seen: unknown[] = []
    start(async () => {
      for (const chunk of ['text', null]) {
        const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) })
        await fetch('http://a.example/', { method: 'POST', body, duplex: 'half' }).catch((thrown: unknown) => seen.push(thrown))
      }
      const body = new ReadableStream({ pull: () => { throw new RangeError('mine') } })
      await fetch('http://a.example/', { method: 'POST', body, duplex: 'half' }).catch((thrown: unknown) => seen.push(thrown))
      return new Response('x')
    })
    await turn()
    expect(seen.map((thrown) => thrown instanceof TypeError)).toEqual([true, true, true])
    expect(seen[2]).toMatchObject({ cause: { message: 'mine' } })
    expect(host.of(HostOperation.reset, 1)).toHaveLength(2)
  })

  test('checks what an answer promised to be', async () => {
    const right = 'sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='
    const fetched = (integrity: string): Promise<string> => fetch('data:,hello', { integrity }).then((answer) => answer.text(), (error: Error) => error.name)
    host.onResult = receiveResult
    const seen = Promise.withResolvers<string[]>()
    start(async () => {
      seen.resolve(await Promise.all([right, `${right.replace('=', '')} sha256-x`, `${right} sha512-x`, 'sha256-x', 'md5-x', right.replaceAll('+', '-')].map(fetched)))
      return new Response('x')
    })
    expect(await seen.promise).toEqual(['hello', 'hello', 'TypeError', 'TypeError', 'hello', 'hello'])
  })

  test('tells whoever reads a broken body, twice', async () => {
    const seen: unknown[] = []
    const controller = new AbortController()
    start(async () => {
      const answer = await fetch('http://a.example/', { signal: controller.signal })
      controller.abort()
      for (let count = 0; count < 2; count += 1) await answer.text().catch((thrown: Error) => seen.push(thrown.name))
      return new Response('x')
    })
    receiveHead(1, '200\n\n', true)
    await turn()
    expect(seen).toEqual(['AbortError', 'AbortError'])
  })
})
