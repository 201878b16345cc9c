import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { cutUnread } from './unread-answer.ts'

let server: Server
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
    cutUnread(response, 50)
  })
  client.pause()
  await once(accepted, 'close')
  expect(accepted.destroyed).toBe(true)
  client.destroy()
})

it('leaves a client alone that reads, and the connection to its next request', async () => {
  const finished = Promise.withResolvers<number | undefined>()
  const { client, accepted } = await serve((_request, response) => {
    response.end(Buffer.alloc(8 * 1024 * 1024))
    cutUnread(response, 60_000)
    response.once('finish', () => setImmediate(() => finished.resolve(response.req.socket.timeout)))
  })
  client.resume()
  // The server's own time for the next request, not ours.
  expect(await finished.promise).toBeGreaterThanOrEqual(7_000)
  expect(await finished.promise).toBeLessThan(60_000)
  expect(accepted.destroyed).toBe(false)
  client.destroy()
})
