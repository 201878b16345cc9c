import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../../test/helpers/until.ts'
import { ConnectionGate } from '../protection/index.ts'
import { drain } from '../routing/gateway/drain.ts'
import { createIngressServer, type IngressServer } from './index.ts'

/** More than the system's buffers hold. */
const largeBytes = 32 * 1024 * 1024

let server: IngressServer
let isInternal = false
let handled: ServerResponse[]
let answer: (request: IncomingMessage, response: ServerResponse) => void
let client: Socket
let accepted: Socket

beforeEach(async () => {
  handled = []
  isInternal = false
  answer = (_request, response) => response.end()
  server = createIngressServer({
    get tellsNotBegun() {
      return isInternal
    },
    problemContext: () => ({ requestId: 'id', node: 'test' }), gate: new ConnectionGate({ connectionsMax: 100, refusal: () => '' }),
    handle: (request, response) => {
      handled.push(response)
      answer(request, response)
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[Socket]>
  client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  accepted = (await connected)[0]
})

afterEach(async () => {
  client.destroy()
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
})

it.each([false, true])('begins nothing of which it has said that it did not come, as where the process stood still (on the internal port: %s)', async (whether) => {
  isInternal = whether
  client.write('GET / HTTP/1.1\r\nHost: a\r\n')
  await until('a part came', () => accepted.bytesRead > 0)
  let text = ''
  client.on('data', (chunk: Buffer) => (text += chunk.toString()))
  // The rest is there, and has not been read when the time is up.
  client.write('\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n')
  server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), accepted)
  await once(accepted, 'close')
  await until('it was told', () => text.includes('bad_request'))
  expect([handled, text.includes('x-skerry-not-begun: 1')]).toEqual([[], isInternal])
})

it('a connection is not idle, and the server not drained, until the client has taken its answer', async () => {
  answer = (_request, response) => {
    response.writeHead(200, ['content-length', String(largeBytes)])
    response.end(Buffer.alloc(largeBytes))
  }
  client.pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until('it has answered', () => handled.length === 1)
  let isDrained = false
  const drained = drain({ servers: [server], settleMs: 0, inFlight: () => 0, openSockets: () => 0, endSockets: () => undefined, socketGraceMs: 0 }).then(() => {
    isDrained = true
  })
  await until('it closes what is idle', () => !server.listening)
  server.closeIdleConnections()
  expect([accepted.destroyed, server.unsentAnswers(), isDrained]).toEqual([false, 1, false])
  let bytes = 0
  client.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume()
  await drained
  server.closeIdleConnections()
  await once(client, 'close')
  expect([bytes > largeBytes, server.unsentAnswers()]).toEqual([true, 0])
})
