import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { UnreadBytes } from '../protection/index.ts'
import { cutUnread } from './unread-answer.ts'

let server: Server
let held: UnreadBytes
beforeEach(() => {
  held = new UnreadBytes(1024 * 1024 * 1024)
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function serve(listener: RequestListener): Promise<{ client: Socket; accepted: Socket }> {
  server = createServer({ keepAliveTimeout: 7_000 }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = once(server, 'connection') as Promise<[Socket]>
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  return { client, accepted: (await connection)[0] }
}

it('cuts a client off that reads nothing of its answer', async () => {
  const { client, accepted } = await serve((_request, response) => {
    response.end(Buffer.alloc(64 * 1024 * 1024))
    cutUnread(response, { idleMs: 50, bytesPerSecondMin: 1_024, held, party: 'a' })
  })
  client.pause()
  await once(accepted, 'close')
  expect(accepted.destroyed).toBe(true)
  expect(held.bytes).toBe(0)
  client.destroy()
})

it('cuts a client off that reads a little now and then, since at its pace it would never be done', async () => {
  const { client, accepted } = await serve((_request, response) => {
    response.end(Buffer.alloc(64 * 1024 * 1024))
    cutUnread(response, { idleMs: 200, bytesPerSecondMin: 1024 * 1024 * 1024, held, party: 'a' })
  })
  client.pause()
  const drip = setInterval(() => client.read(), 20)
  await once(accepted, 'close')
  clearInterval(drip)
  expect(client.bytesRead).toBeLessThan(64 * 1024 * 1024)
  client.destroy()
})

it('gives the one up that has held for longest where all together hold too much', async () => {
  held = new UnreadBytes(1024 * 1024)
  const { client, accepted } = await serve((_request, response) => {
    response.end(Buffer.alloc(64 * 1024 * 1024))
    cutUnread(response, { idleMs: 60_000, bytesPerSecondMin: 1_024, held, party: 'a' })
  })
  client.pause()
  if (!accepted.destroyed) await once(accepted, 'close')
  expect([held.bytes, held.givenUp]).toEqual([0, 1])
  client.destroy()
})

it('leaves a client alone that reads, and the connection to its next request', async () => {
  const finished = Promise.withResolvers<number | undefined>()
  const { client, accepted } = await serve((_request, response) => {
    response.end(Buffer.alloc(8 * 1024 * 1024))
    cutUnread(response, { idleMs: 60_000, bytesPerSecondMin: 1_024, held, party: 'a' })
    response.once('finish', () => setImmediate(() => finished.resolve(response.req.socket.timeout)))
  })
  client.resume()
  // The server's own time for the next request, not ours.
  expect(await finished.promise).toBeGreaterThanOrEqual(7_000)
  expect(await finished.promise).toBeLessThan(60_000)
  expect(accepted.destroyed).toBe(false)
  client.destroy()
})
