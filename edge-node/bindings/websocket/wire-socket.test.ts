import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { SkerryError } from '../../../errors/index.ts'
import { encodeClosePayload, encodeMessage, fixedLimits, MessageKind } from '../../../runtime/bridge/index.ts'
import { until } from '../../../test/helpers/until.ts'
import { HeldBytes } from '../held-bytes.ts'
import { acceptWebSocket } from './accept-web-socket.ts'
import { WireSocket } from './wire-socket.ts'

/** The node's end of a connection, and a peer on the other. */

let server: Server
let peer: WebSocket
let wire: WireSocket
let heard: number[][]
let drained: number
let over: (SkerryError | undefined)[]
let takes: boolean
let near: Socket
let unfinished: HeldBytes

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  heard = []
  drained = 0
  over = []
  takes = true
  unfinished = new HeldBytes(1024 * 1024 * 1024)
  // What an earlier connection still tells goes to its own.
  const ends = over
  server = createServer()
  server.on('upgrade', (request, connection: Socket, head) => {
    near = connection
    const webSocket = acceptWebSocket(request, connection, head, [])
    if (webSocket === undefined) throw new Error('the peer is gone')
    wire = new WireSocket(webSocket, near, 'acme', unfinished, {
      onBytes: (chunk) => {
        heard.push([...chunk])
        return takes
      },
      onDrain: () => {
        drained += 1
      },
      onOver: (error) => ends.push(error),
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await once(peer, 'open')
  peer.on('error', () => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  peer.terminate()
  near.destroy()
  server.close()
})

const text = (value: string): Uint8Array => encodeMessage(MessageKind.text, Buffer.from(value))

describe('what the peer sends', () => {
  test('comes as messages, each in its chunk', async () => {
    peer.send('a')
    peer.send(Buffer.of(1, 2))
    await until('both came', () => heard.length === 2)
    expect(heard).toEqual([[...text('a')], [...encodeMessage(MessageKind.binary, Uint8Array.of(1, 2))]])
  })

  test('is not read while it is not taken', async () => {
    takes = false
    peer.send('first')
    await until('the first came', () => heard.length === 1)
    peer.send('second')
    peer.ping()
    expect(near.isPaused()).toBe(true)
    wire.resume()
    await until('the second came', () => heard.length === 2)
  })

  test('ends with its close', async () => {
    peer.close(4000, 'bye')
    await until('it is over', () => over.length === 1)
    expect([heard, over]).toEqual([[[...encodeMessage(MessageKind.close, encodeClosePayload(4000, Buffer.from('bye')))]], [undefined]])
  })

  test('ends with an error where there is none', async () => {
    peer.terminate()
    await until('it is over', () => over.length === 1)
    expect(over[0]?.code).toBe('subrequest_failed')
  })
})

describe('a message that is not whole', () => {
  test('counts what its pieces cost, and no longer than it lasts', async () => {
    for (let count = 0; count < 100; count += 1) peer.send('x', { fin: false })
    await until('they came', () => unfinished.bytes >= 100 * 256)
    peer.send('x', { fin: true })
    await until('it is whole', () => heard.length === 1)
    expect([heard, unfinished.bytes]).toEqual([[[...text('x'.repeat(101))]], 0])
  })

  test('has no more than so many pieces', async () => {
    for (let count = 0; count < 3_000; count += 1) peer.send('x', { fin: false })
    await until('it is over', () => over.length === 1)
    expect([heard, over[0]?.message, unfinished.bytes]).toEqual([[], expect.stringContaining('Too many message fragments'), 0])
  })

  test('is given up where the node holds too much', async () => {
    unfinished.add({ account: 'acme', giveUp: () => undefined }, 100)
    peer.send('x'.repeat(2_000), { fin: false })
    await until('it came', () => unfinished.bytes > 2_000)
    wire.giveUp()
    expect([over[0]?.code, unfinished.bytes]).toEqual(['overloaded', 100])
  })
})

describe('what the function sends', () => {
  test('goes out as it comes, in fragments of one message', async () => {
    const message = encodeMessage(MessageKind.binary, Buffer.alloc(1_000, 7))
    const received = once(peer, 'message')
    for (let at = 0; at < message.length; at += 300) expect(wire.write(message.subarray(at, at + 300))).toBe(true)
    expect((await received)[0]).toEqual(Buffer.alloc(1_000, 7))
  })

  test('holds it back while the peer does not read', async () => {
    peer.pause()
    const chunk = encodeMessage(MessageKind.binary, Buffer.alloc(60_000))
    let writes = 0
    while (wire.write(chunk)) {
      writes += 1
      if (writes > 1_000) throw new Error('nothing was held back')
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(drained).toBe(0)
    peer.resume()
    await until('it drained', () => drained === 1)
  })

  test('closes', async () => {
    const closed = once(peer, 'close')
    wire.write(encodeMessage(MessageKind.close, encodeClosePayload(3000, Buffer.from('why'))))
    const [code, reason] = (await closed) as [number, Buffer]
    expect([code, reason.toString()]).toEqual([3000, 'why'])
    await until('it is over', () => over.length === 1)
  })

  test.each([
    ['no message', Uint8Array.of(7, 0, 0, 0, 0)],
    ['a close with a code that is none', encodeMessage(MessageKind.close, Uint8Array.of(0, 1))],
  ])('ends the connection where it is %s', async (_name, bytes) => {
    const closed = once(peer, 'close')
    expect(wire.write(bytes)).toBe(true)
    expect(over.map((error) => error?.code)).toEqual(['uncaught_exception'])
    expect((await closed)[0]).toBe(1011)
  })
})

describe('pings', () => {
  test('of the peer are answered', async () => {
    const answered = once(peer, 'pong')
    peer.ping('x')
    expect(String((await answered)[0])).toBe('x')
  })

  test('keep a quiet connection whose peer answers', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { bytesRead, bytesWritten } = near
      while (near.bytesWritten === bytesWritten) vi.advanceTimersByTime(fixedLimits.webSocketPingMs)
      await until('it has answered', () => near.bytesRead > bytesRead)
    }
    expect(over).toEqual([])
  })

  test('end a connection whose peer does not answer', () => {
    peer.pause()
    for (let beat = 0; beat < 3; beat += 1) vi.advanceTimersByTime(fixedLimits.webSocketPingMs)
    expect(over.map((error) => error?.message)).toEqual(['The peer answers no ping.'])
  })
})
