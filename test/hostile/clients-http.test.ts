import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { type LocalEdge, startLocalEdge } from '../../edge-node/index.ts'
import { answer, answerHead, createFakeRuntime, type FakeExchange, type FakeRuntimeControls } from '../helpers/fake-runtime.ts'
import { functionState } from '../helpers/function-states.ts'
import { openRawClient, type RawClient } from '../helpers/raw-client.ts'
import { openSocket } from '../helpers/raw-http.ts'
import { until } from '../helpers/until.ts'

/** Clients that hold a node up by what HTTP lets them do. The functions behind are faked: here it is about the node. */

let edge: LocalEdge
let fake: FakeRuntimeControls
let sockets: (Socket | RawClient)[] = []

const start = async (settings: Partial<Parameters<typeof startLocalEdge>[0]> = {}): Promise<void> => {
  const { controls, create } = createFakeRuntime()
  fake = controls
  edge = await startLocalEdge({
    name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, domain: 'localhost', allowOutbound: [],
    allowLocationHeader: false, trustedProxies: [], createRuntime: create, ...settings,
  })
  const config = { limits: { idleMs: 1_000 } }
  await edge.setFunctions(['hello', 'waits', 'other'].map((name) => functionState(name, { config })), () => new Uint8Array())
  fake.functions.set('waits', () => undefined)
}
afterEach(async () => {
  for (const socket of sockets) if ('closed' in socket && 'close' in socket) socket.close()
  sockets = []
  await edge.close()
})

const open = async (): Promise<RawClient> => {
  const client = await openRawClient(edge.url)
  sockets.push(client)
  return client
}
const get = (name = 'hello', ...headers: readonly string[]): string =>
  [`GET / HTTP/1.1`, `Host: ${name}.localhost`, ...headers, '', ''].join('\r\n')
const statusOf = async (name = 'hello'): Promise<number> => {
  const client = await open()
  client.send(get(name, 'Connection: close'))
  const { status } = await client.response()
  client.close()
  return status
}

describe('heads and bodies', () => {
  beforeEach(() => start())

  it('ends connections that send no head, part of one, or one by drops', { timeout: 40_000 }, async () => {
    const silent = await open()
    const partial = await open()
    partial.send('GET / HTTP/1.1\r\nHost: hello')
    const dripping = await open()
    dripping.send('GET / HTTP/1.1\r\n')
    const drip = setInterval(() => dripping.send('x: y\r\n'), 500)
    await Promise.all([silent.closed, partial.closed, dripping.closed])
    clearInterval(drip)
    for (const client of [partial, dripping]) expect(client.unread()).toMatch(/^(HTTP\/1\.1 400 |$)/)
    expect(fake.exchanges).toHaveLength(0)
    expect(await statusOf()).toBe(200)
  })

  it.each([
    ['an endless extension of a chunk', `1;${'a'.repeat(100_000)}`],
    ['an endless chunk size', '0'.repeat(100_000)],
    ['endless trailers', `0\r\n${'x: y\r\n'.repeat(20_000)}`],
    ['one endless trailer', `0\r\nx: ${'y'.repeat(100_000)}`],
  ])('cuts %s off', async (_name, body) => {
    const client = await open()
    client.send(`POST / HTTP/1.1\r\nHost: waits.localhost\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
    await client.closed
    await until('nothing of it is left', () => fake.exchanges.every(({ aborted, ended }) => aborted || ended))
    expect(await statusOf()).toBe(200)
  })

  it('refuses thousands of headers, however small', async () => {
    const client = await open()
    client.send(get('hello', ...Array.from({ length: 10_000 }, () => 'a:')))
    const told = await client.response()
    expect([told.status, told.header('x-skerry-error')]).toEqual([413, 'request_too_large'])
    expect(fake.exchanges).toHaveLength(0)
  })

  it('begins so many pipelined requests of a connection, and no more', async () => {
    const client = await open()
    client.send(get('waits').repeat(1_000))
    await until('they came', () => fake.exchanges.length === 64)
    for (const exchange of fake.exchanges) answer(exchange, 200, 'late')
    for (let index = 0; index < 64; index += 1) expect((await client.response()).status).toBe(200)
    const refused = await client.response()
    expect([refused.status, refused.header('x-skerry-error'), refused.header('connection')]).toEqual([503, 'overloaded', 'close'])
    await client.closed
    expect(fake.exchanges).toHaveLength(64)
    expect(await statusOf()).toBe(200)
  })

  it('goes on serving a connection that pipelines no more than that', async () => {
    const client = await open()
    for (let round = 0; round < 10; round += 1) {
      client.send(get().repeat(50))
      for (let index = 0; index < 50; index += 1) expect((await client.response()).status).toBe(200)
    }
  })
})

describe('connections', () => {
  const idle = async (): Promise<RawClient> => {
    const client = await open()
    client.send(get())
    expect((await client.response()).status).toBe(200)
    return client
  }

  it('of clients that hold them idle make room for those that ask', async () => {
    await start({ connectionsMax: 8 })
    const holders = await Promise.all(Array.from({ length: 8 }, idle))
    await until('others are served', async () => (await statusOf().catch(() => 0)) === 200)
    await Promise.all(holders.map(({ closed }) => closed))
  })

  it('beyond the bound are told so, those that are served go on, and there is room again afterwards', async () => {
    await start({ connectionsMax: 4 })
    const busy: RawClient[] = []
    for (let index = 0; index < 4; index += 1) {
      const client = await open()
      client.send(get('waits'))
      busy.push(client)
    }
    await until('they are served', () => fake.exchanges.length === 4)
    const refused = await open()
    const told = await refused.response()
    expect([told.status, told.header('x-skerry-error'), told.header('connection')]).toEqual([503, 'overloaded', 'close'])
    expect(told.header('retry-after')).toMatch(/^[123]$/)
    await refused.closed
    for (const exchange of fake.exchanges) answer(exchange, 200, 'late')
    for (const client of busy) expect((await client.response()).status).toBe(200)
    for (const client of busy) client.close()
    await until('there is room', async () => (await statusOf().catch(() => 0)) === 200)
  })

  it('of one address are bounded where the operator wants it', async () => {
    await start({ connectionsPerClientMax: 2 })
    const first = await open()
    const second = await open()
    for (const client of [first, second]) client.send(get('waits'))
    await until('they are served', () => fake.exchanges.length === 2)
    const refused = await open()
    expect((await refused.response()).status).toBe(503)
    const elsewhere = connect({ port: Number(new URL(edge.url).port), host: '127.0.0.1', localAddress: '127.0.0.7' })
    elsewhere.end(get('hello', 'Connection: close'))
    const [text] = (await once(elsewhere, 'data')) as [Buffer]
    expect(text.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
    elsewhere.destroy()
    first.close()
    await until('there is room', async () => (await statusOf().catch(() => 0)) === 200)
  })
})

describe('readers', () => {
  /** As a cell does: as long as more is wanted, and within its credit once it is not. */
  const pour = (exchange: FakeExchange): void => {
    const chunk = Buffer.alloc(64 * 1024)
    while (!exchange.aborted && exchange.handler.onChunk(chunk));
    for (let rest = 0; rest < 3; rest += 1) exchange.handler.onChunk(chunk)
  }
  const streams = (exchange: FakeExchange): void => {
    answerHead(exchange, 200)
    pour(exchange)
  }

  it('that read nothing are given up where they hold too much together, and only as many as must be', async () => {
    await start({ heldBytesMax: 600 * 1024 })
    fake.functions.set('waits', streams)
    fake.onResume = pour
    const readers: Socket[] = []
    for (let index = 0; index < 6; index += 1) {
      const reader = await openSocket(edge.url)
      reader.on('error', () => undefined)
      reader.pause()
      reader.write(get('waits'))
      readers.push(reader)
    }
    // What the system takes for each is full after some megabytes.
    await until('most were given up', () => fake.exchanges.filter(({ aborted }) => aborted).length === 4)
    expect(fake.exchanges).toHaveLength(6)
    expect(await statusOf()).toBe(200)
    for (const reader of readers) reader.destroy()
  })
})

test('requests of who floods are refused while a cell has a queue, and nobody else’s', { timeout: 60_000 }, async () => {
  await start()
  fake.queue = { delayMs: () => 1_000, backlogBytes: 0 }
  const flooder = await open()
  let refused = 0
  while (refused < 3) {
    flooder.send(get('hello'))
    const told = await flooder.response()
    expect([200, 503]).toContain(told.status)
    if (told.status !== 503) continue
    refused += 1
    expect(told.header('x-skerry-error')).toBe('overloaded')
    expect(await statusOf('other')).toBe(200)
  }
  const before = fake.exchanges.length
  fake.queue = { delayMs: () => 0, backlogBytes: 0 }
  await until('the flooder is let in again', async () => {
    flooder.send(get('hello'))
    return (await flooder.response()).status === 200 && fake.exchanges.length > before + 50
  })
})
