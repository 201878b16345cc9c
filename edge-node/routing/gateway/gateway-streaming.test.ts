import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GatewayFixture } from '../testing/gateway-fixture.ts'
import { refuseNotBegun } from '../testing/scripted-cluster.ts'

const megabyte = 1024 * 1024
const totalMb = 100
/** Garbage that is not collected yet comes and goes; a body that is held whole would show as itself. */
const growthMbMax = 60

let fixture: GatewayFixture

beforeEach(async () => {
  fixture = await GatewayFixture.start()
})

afterEach(() => fixture.close())

/** Chunks of 64 KB that carry their position, so that a lost or swapped one shows. */
function* chunks(megabytes: number): Generator<Buffer> {
  for (let index = 0; index < megabytes * 16; index++) {
    const chunk = Buffer.alloc(64 * 1024)
    chunk.writeUInt32BE(index, 0)
    yield chunk
  }
}

async function count(stream: Readable): Promise<{ bytes: number; digest: string }> {
  const hash = createHash('sha1')
  let bytes = 0
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length
    hash.update(chunk as Buffer)
  }
  return { bytes, digest: hash.digest('hex') }
}

async function askProcess<Reply>(gateway: ChildProcess): Promise<Reply> {
  gateway.send('memory')
  return ((await once(gateway, 'message')) as [Reply])[0]
}

test('100 MB stream through both ways at flat memory', async () => {
  const { controlPlaneUrl, token } = fixture.cluster
  const gateway = fork(fileURLToPath(new URL('../testing/gateway-process.ts', import.meta.url)), [JSON.stringify({ controlPlaneUrl, token })])
  try {
    const [{ url }] = (await once(gateway, 'message')) as [{ url: string }]
    let received = { bytes: 0, digest: '' }
    fixture.cluster.node('fra').script = (request, response) => {
      count(request)
        .then((counted) => {
          received = counted
          return pipeline(Readable.from(chunks(counted.bytes / megabyte)), response)
        })
        .catch(() => response.destroy())
    }
    const exchange = async (megabytes: number): Promise<number> => {
      const request = httpRequest(url, { method: 'POST', headers: { host: 'hello.localhost' } })
      const [answer] = await Promise.all([once(request, 'response'), pipeline(Readable.from(chunks(megabytes)), request)])
      const [response] = answer as [IncomingMessage]
      expect(await count(response)).toEqual(received)
      expect(received.bytes).toBe(megabytes * megabyte)
      return (await askProcess<{ highestBytes: number }>(gateway)).highestBytes / megabyte
    }
    const warmMb = await exchange(totalMb / 4)
    expect((await exchange(totalMb)) - warmMb).toBeLessThan(growthMbMax)
  } finally {
    gateway.disconnect()
    await once(gateway, 'exit')
  }
})

test.each([['chunks', {}], ['a length', { 'content-length': '6' }]])('a client that sends its body (%s) only when it has the answer’s head gets what it waits for', async (_name, headers) => {
  fixture.cluster.node('iad').script = (request, response) => {
    response.flushHeaders()
    request.pipe(response)
  }
  const node = (region: string) => fixture.cluster.node(region)
  for (const isRefused of [false, false, true]) {
    node('fra').script = isRefused ? refuseNotBegun : node('iad').script
    const request = httpRequest(fixture.gateway.url, { method: 'POST', headers: { host: 'hello.localhost', ...headers } })
    request.flushHeaders()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const ended = once(response, 'end')
    for (const part of ['abc', 'def']) {
      request.write(part)
      expect(String((await once(response, 'data'))[0])).toBe(part)
    }
    request.end()
    response.resume()
    await ended
  }
  expect([node('fra').requests, node('iad').requests]).toEqual([3, 1])
})

test('a body that is late and empty is empty', async () => {
  const request = httpRequest(fixture.gateway.url, { method: 'POST', headers: { host: 'hello.localhost', 'transfer-encoding': 'chunked' } })
  request.flushHeaders()
  const arrived = once(request, 'response')
  await vi.waitFor(() => expect(fixture.cluster.node('fra').requests).toBe(1))
  request.end()
  const [response] = (await arrived) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  response.resume()
  expect((await fixture.call({ method: 'POST', body: 'abc' })).status).toBe(200)
})

test('a node that ends the connection before a late body has come has not answered', async () => {
  fixture.cluster.node('fra').script = (request) => void request.socket.end()
  const request = httpRequest(fixture.gateway.url, { method: 'POST', headers: { host: 'hello.localhost', 'transfer-encoding': 'chunked' } })
  request.flushHeaders()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(502)
  request.destroy()
})

test('a client that does not read stops the node from sending', async () => {
  let sentBytes = 0
  let stalled = (): void => undefined
  const stall = new Promise<void>((resolve) => (stalled = resolve))
  fixture.cluster.node('fra').script = (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024)
    const write = (): void => {
      while (sentBytes < totalMb * megabyte) {
        sentBytes += chunk.length
        if (!response.write(chunk)) {
          // Nothing drains while nobody reads: a timer that is never beaten by a drain means that the whole way is full.
          const timer = setTimeout(stalled, 300)
          response.once('drain', () => {
            clearTimeout(timer)
            write()
          })
          return
        }
      }
      stalled()
    }
    write()
  }
  const request = httpRequest(fixture.gateway.url, { headers: { host: 'hello.localhost' } }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.pause()
  await stall
  expect(sentBytes).toBeLessThan(50 * megabyte)
  response.destroy()
})

test('a node that does not read stops the client from sending', async () => {
  const arrived = new Promise<void>((resolve) => {
    fixture.cluster.node('fra').script = () => resolve()
  })
  const request = httpRequest(fixture.gateway.url, { method: 'POST', headers: { host: 'hello.localhost' } })
  request.on('error', () => undefined)
  let sentBytes = 0
  const chunk = Buffer.alloc(64 * 1024)
  const stall = new Promise<void>((resolve) => {
    const write = (): void => {
      while (sentBytes < totalMb * megabyte) {
        sentBytes += chunk.length
        if (!request.write(chunk)) {
          const timer = setTimeout(resolve, 300)
          request.once('drain', () => {
            clearTimeout(timer)
            write()
          })
          return
        }
      }
      resolve()
    }
    write()
  })
  await arrived
  await stall
  expect(sentBytes).toBeLessThan(50 * megabyte)
  request.destroy()
})
