import { beforeEach, describe, expect, test } from 'vitest'
import { ExchangeDriver, getHead } from '../../../test/helpers/exchange-driver.ts'
import { turn } from '../../../test/helpers/scripted-host.ts'
import {
  decodeRequestHead, encodeClosePayload, encodeMessage, encodeResponseHead, HostOperation, initialCreditBytes, maximumChunkBytes, messageCreditBytes, MessageKind,
} from '../../bridge/index.ts'
import type { Event } from '../events/index.ts'
import { adoptHandlers, connect, fetch, receiveChunk, receiveCredit, receiveEnd, receiveHead, receiveReset, startRequest } from '../exchange/index.ts'
import { Response } from '../fetch/index.ts'
import { setConnector, WebSocket, WebSocketPair } from './index.ts'

let driver = new ExchangeDriver()

beforeEach(() => {
  driver = new ExchangeDriver()
  setConnector(connect)
})

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const switched = (...headers: readonly string[]): string => encodeResponseHead({ status: 101, statusText: '', metadata: '', headers })

/** Runs `body` inside a request that goes on. */
function inRequest<T>(body: () => T): T {
  let result: T | undefined
  let thrown: unknown
  driver.start(() => {
    try {
      result = body()
    } catch (error) {
      thrown = error
    }
    return new Promise(() => {})
  })
  if (thrown !== undefined) throw thrown
  return result as T
}

interface Opened {
  readonly socket: WebSocket
  readonly id: number
  readonly events: unknown[]
}

function record(socket: WebSocket): unknown[] {
  const events: unknown[] = []
  for (const type of ['open', 'message', 'error', 'close']) {
    socket.addEventListener(type, (event: Event) => {
      const { data, code, wasClean } = event as { data?: unknown; code?: unknown; wasClean?: unknown }
      events.push(type === 'message' ? data : type === 'close' ? [type, code, wasClean] : type)
    })
  }
  return events
}

function open(protocols?: unknown): Opened {
  const socket = inRequest(() => new WebSocket('ws://peer.test/', protocols))
  const id = lastSubrequest()
  const events = record(socket)
  receiveHead(id, switched(), true)
  return { socket, id, events }
}

/** Ids of subrequests count up from 1 in odd steps. */
const lastSubrequest = (): number => driver.of(HostOperation.subrequest).length * 2 - 1

const sent = (id: number): Uint8Array => {
  const chunks = driver.of(HostOperation.chunk, id).map(({ first }) => [...(first as Uint8Array)])
  return Uint8Array.from(chunks.flat())
}

describe('the constructor', () => {
  test.each([
    ['ws://a.test/x?y', 'ws://a.test/x?y'],
    ['https://a.test/', 'wss://a.test/'],
    ['HTTP://a.test', 'ws://a.test/'],
    ['wss://a.test:443/', 'wss://a.test/'],
  ])('takes %s', (input, url) => {
    expect(inRequest(() => new WebSocket(input)).url).toBe(url)
  })

  test.each(['ftp://a.test/', 'ws://a.test/#x', 'ws://a.test/#', 'not a url', 'ws://'])('refuses %s', (input) => {
    expect(() => inRequest(() => new WebSocket(input))).toThrow(expect.objectContaining({ name: 'SyntaxError' }))
  })

  test.each([[['a', 'a']], [['a', 'A']], ['a b'], [['']], [['a,b']], ['\u00e9']])('refuses the subprotocols %j', (protocols) => {
    expect(() => inRequest(() => new WebSocket('ws://a.test/', protocols))).toThrow(expect.objectContaining({ name: 'SyntaxError' }))
  })

  test('asks for subprotocols in the handshake', () => {
    inRequest(() => new WebSocket('ws://a.test/', ['a', 'b']))
    const head = decodeRequestHead(driver.of(HostOperation.subrequest)[0]?.first as string)
    expect([head.url, head.headers]).toEqual(['http://a.test/', ['sec-websocket-protocol', 'a, b']])
  })

  test('needs an argument', () => {
    expect(() => inRequest(() => Reflect.construct(WebSocket, []) as unknown)).toThrow(TypeError)
  })

  test('does not throw where the host refuses', async () => {
    driver.host.onSubrequest = () => 'subrequest_limit_exceeded\ntoo many'
    const socket = inRequest(() => new WebSocket('ws://a.test/'))
    const events = record(socket)
    expect(socket.readyState).toBe(WebSocket.CONNECTING)
    await turn()
    expect(events).toEqual(['error', ['close', 1006, false]])
  })
})

describe('an open socket', () => {
  test('has what the handshake settled', () => {
    const socket = inRequest(() => new WebSocket('ws://peer.test/', ['a', 'b']))
    expect([socket.readyState, socket.protocol]).toEqual([0, ''])
    receiveHead(lastSubrequest(), switched('sec-websocket-protocol', 'b'), true)
    expect([socket.readyState, socket.protocol, socket.extensions, socket.binaryType]).toEqual([1, 'b', '', 'blob'])
  })

  test('sends each message as a frame, and tells what is buffered until the turn ends', async () => {
    const { socket, id } = open()
    socket.send('é')
    socket.send(new Uint8Array([1, 2]).subarray(1))
    expect(socket.bufferedAmount).toBe(3)
    await turn()
    expect(socket.bufferedAmount).toBe(0)
    expect(sent(id)).toEqual(Uint8Array.from([...encodeMessage(MessageKind.text, utf8('é')), ...encodeMessage(MessageKind.binary, Uint8Array.of(2))]))
  })

  test('keeps to its credit', async () => {
    const { socket, id } = open()
    socket.send(new Uint8Array(initialCreditBytes + 10))
    await turn()
    const chunks = driver.of(HostOperation.chunk, id).map(({ first }) => (first as Uint8Array).length)
    const sentBytes = driver.host.sentBytes(id)
    expect([chunks.every((bytes) => bytes <= maximumChunkBytes), sentBytes + chunks.length * messageCreditBytes]).toEqual([true, initialCreditBytes + messageCreditBytes])
    expect(socket.bufferedAmount).toBe(initialCreditBytes + 15 - sentBytes)
    receiveCredit(id, messageCreditBytes)
    expect(driver.host.sentBytes(id)).toBe(sentBytes)
    receiveCredit(id, 10_000)
    expect([driver.host.sentBytes(id), socket.bufferedAmount]).toEqual([initialCreditBytes + 15, 0])
  })

  test('has no more than so many messages under way, however small', async () => {
    const { socket, id } = open()
    for (let count = 0; count < 1_000; count += 1) socket.send('')
    await turn()
    expect(driver.of(HostOperation.chunk, id)).toHaveLength(Math.ceil(initialCreditBytes / (messageCreditBytes + 5)))
  })

  test('shows messages however they are cut, and gives their credit back', () => {
    const { id, events } = open()
    const message = encodeMessage(MessageKind.text, utf8('\uFEFFtext'))
    receiveChunk(id, message.slice(0, 3))
    receiveChunk(id, message.slice(3))
    expect(events).toEqual(['open', '\uFEFFtext'])
    expect(driver.of(HostOperation.credit, id).reduce((sum, { first }) => sum + (first as number), 0)).toBe(message.length + 2 * messageCreditBytes)
  })

  test('shows bytes as it was asked to', () => {
    const { socket, id, events } = open()
    socket.binaryType = 'arraybuffer'
    socket.binaryType = 'nonsense'
    receiveChunk(id, encodeMessage(MessageKind.binary, Uint8Array.of(1, 2)))
    expect(events[1]).toEqual(Uint8Array.of(1, 2).buffer)
  })

  test('fails at text that is no UTF-8', () => {
    const { socket, id, events } = open()
    receiveChunk(id, encodeMessage(MessageKind.text, Uint8Array.of(0xff)))
    expect(events).toEqual(['open', 'error', ['close', 1006, false]])
    expect(socket.readyState).toBe(3)
    expect(sent(id)).toEqual(encodeMessage(MessageKind.close, encodeClosePayload(1007, utf8(''))))
  })

  test('fails at what is no message', () => {
    const { id, events } = open()
    receiveChunk(id, Uint8Array.of(9, 0, 0, 0, 0))
    expect(events).toEqual(['open', 'error', ['close', 1006, false]])
    expect(driver.of(HostOperation.reset, id)).toHaveLength(1)
  })
})

describe('closing', () => {
  test.each([[0], [999], [1001], [1005], [2999], [5000], [65_536 + 1000], [Number.NaN]])('with %d is refused', (code) => {
    const { socket } = open()
    expect(() => socket.close(code)).toThrow(expect.objectContaining({ name: 'InvalidAccessError' }))
  })

  test('with a reason that is too long is refused', () => {
    const { socket } = open()
    expect(() => socket.close(1000, 'é'.repeat(62))).toThrow(expect.objectContaining({ name: 'SyntaxError' }))
    expect(socket.readyState).toBe(1)
  })

  test('waits for the peer', () => {
    const { socket, id, events } = open()
    socket.close(3999.5, 'bye')
    expect(socket.readyState).toBe(2)
    expect(sent(id)).toEqual(encodeMessage(MessageKind.close, encodeClosePayload(4000, utf8('bye'))))
    socket.send('lost')
    expect(socket.bufferedAmount).toBe(4)
    receiveChunk(id, encodeMessage(MessageKind.text, utf8('late')))
    receiveChunk(id, encodeMessage(MessageKind.close, encodeClosePayload(4000, utf8('bye'))))
    receiveEnd(id)
    expect([events, socket.readyState, socket.bufferedAmount]).toEqual([['open', ['close', 4000, true]], 3, 4])
  })

  test('by the peer without a code shows 1005', () => {
    const { id, events } = open()
    receiveChunk(id, encodeMessage(MessageKind.close, new Uint8Array(0)))
    receiveEnd(id)
    expect(events).toEqual(['open', ['close', 1005, true]])
  })

  test('while it connects gives up', async () => {
    const socket = inRequest(() => new WebSocket('ws://peer.test/'))
    const events = record(socket)
    expect(() => socket.send('x')).toThrow(expect.objectContaining({ name: 'InvalidStateError' }))
    socket.close()
    expect(socket.readyState).toBe(2)
    await turn()
    expect([events, socket.readyState]).toEqual([['error', ['close', 1006, false]], 3])
    receiveHead(lastSubrequest(), switched(), true)
    expect(events).toHaveLength(2)
  })

  test('is told apart from the loss of the connection', () => {
    const { id, events } = open()
    receiveReset(id, 'subrequest_failed', 'broke off')
    expect(events).toEqual(['open', 'error', ['close', 1006, false]])
  })
})

describe('a pair', () => {
  test('joins its ends', async () => {
    const { 0: first, 1: second } = new WebSocketPair()
    first.accept()
    second.accept()
    const events = record(second)
    first.send('one')
    expect(events).toEqual([])
    await turn()
    first.close(1011, 'over')
    await turn()
    expect(events).toEqual(['one', ['close', 1011, true]])
    expect([first.readyState, second.readyState]).toEqual([3, 3])
  })

  test('wants to be accepted', () => {
    const [first] = Object.values(new WebSocketPair())
    expect(() => first.send('x')).toThrow(TypeError)
    expect(() => first.close()).toThrow(TypeError)
  })

  test('answers a request with one end', async () => {
    const [client, server] = Object.values(new WebSocketPair())
    const events = record(server)
    server.accept()
    server.send('early')
    driver.host.calls.length = 0
    const id = serveUpgrade(() => new Response(null, { status: 101, webSocket: client, headers: { 'sec-websocket-protocol': 'a' } }))
    expect(driver.of(HostOperation.respond, id)[0]).toMatchObject({ first: '101\n\n\nsec-websocket-protocol\na', second: true, third: false })
    expect(sent(id)).toEqual(encodeMessage(MessageKind.text, utf8('early')))
    receiveChunk(id, encodeMessage(MessageKind.text, utf8('hi')))
    receiveChunk(id, encodeMessage(MessageKind.close, encodeClosePayload(1001, utf8(''))))
    await turn()
    expect(events).toEqual(['hi', ['close', 1001, true]])
    expect(driver.of(HostOperation.settled, id)).toEqual([])
    receiveEnd(id)
    expect(driver.host.names(id).slice(-2)).toEqual(['end', 'settled'])
  })

  test('hears that the client is gone', async () => {
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    const events = record(server)
    const id = serveUpgrade(() => new Response(null, { status: 101, webSocket: client }))
    receiveReset(id, 'aborted', 'the client is gone')
    await turn()
    expect(events).toEqual(['error', ['close', 1006, false]])
    expect(driver.of(HostOperation.settled, id)).toHaveLength(1)
  })

  test('answers only a request for a WebSocket, once', () => {
    const [client] = Object.values(new WebSocketPair())
    const plain = driver.start(() => new Response(null, { status: 101, webSocket: client }))
    expect(driver.of(HostOperation.fail, plain)[0]?.first).toBe('no_response')
    serveUpgrade(() => new Response(null, { status: 101, webSocket: client }))
    const again = serveUpgrade(() => new Response(null, { status: 101, webSocket: client }))
    expect(driver.of(HostOperation.fail, again)[0]?.first).toBe('no_response')
    expect(() => client.accept()).toThrow(TypeError)
  })

  test('is what 101 needs', () => {
    expect(() => new Response(null, { status: 101 })).toThrow(RangeError)
    expect(() => new Response(null, { status: 101, webSocket: {} })).toThrow(TypeError)
    expect(() => new Response('x', { status: 101, webSocket: new WebSocketPair()[0] })).toThrow(TypeError)
  })

  test('is passed through from fetch, with its back-pressure', async () => {
    const id = serveUpgrade(() => fetch('http://peer.test/', { headers: { upgrade: 'websocket' } }))
    const upstream = lastSubrequest()
    receiveHead(upstream, switched(), true)
    await turn()
    receiveChunk(id, encodeMessage(MessageKind.text, utf8('up')))
    expect(sent(upstream)).toEqual(encodeMessage(MessageKind.text, utf8('up')))
    const large = encodeMessage(MessageKind.binary, new Uint8Array(initialCreditBytes))
    receiveChunk(upstream, large)
    expect(driver.host.sentBytes(id)).toBeLessThan(large.length)
    expect(driver.of(HostOperation.credit, upstream)).toEqual([])
    receiveCredit(id, 10_000)
    expect(driver.host.sentBytes(id)).toBe(large.length)
    expect(driver.of(HostOperation.credit, upstream).map(({ first }) => first)).toEqual([large.length + messageCreditBytes])
  })
})

let nextId = 100_000

function serveUpgrade(handler: () => unknown): number {
  adoptHandlers({ fetch: handler })
  driver.host.calls.length = 0
  nextId += 2
  startRequest(nextId, getHead, false)
  return nextId
}
