import { once } from 'node:events'
import type { Server } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exchangeRaw } from '../../test/helpers/raw-http.ts'
import { ConnectionGate } from '../protection/index.ts'
import { listen } from '../routing/admin/index.ts'
import { createIngressServer, createRedirectHandler } from './index.ts'

let server: Server
let url: string
let port = 443

beforeAll(async () => {
  const problemContext = () => ({ requestId: 'id', node: 'test' })
  server = createIngressServer({
    problemContext, gate: new ConnectionGate({ connectionsMax: 10, refusal: () => '' }), handle: createRedirectHandler(() => port, problemContext),
  })
  url = `http://${await listen(server, '127.0.0.1', 0)}`
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

it.each([
  [443, 'GET /a?b=c HTTP/1.1\r\nHost: a.example.com:80\r\n\r\n', 'https://a.example.com/a?b=c'],
  [8_443, 'POST /a HTTP/1.1\r\nHost: A.example.com\r\nContent-Length: 3\r\n\r\nabc', 'https://a.example.com:8443/a'],
  [443, 'GET //evil.com/%2e%2e HTTP/1.1\r\nHost: a.example.com\r\n\r\n', 'https://a.example.com//evil.com/%2e%2e'],
  [443, 'GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', 'https://[::1]/'],
])('to port %i: %j', async (to, bytes, location) => {
  port = to
  const text = await exchangeRaw(url, bytes)
  expect(text).toMatch(/^HTTP\/1\.1 308 /)
  expect(text).toContain(`\r\nlocation: ${location}\r\n`)
})

it.each(['a.example.com@evil.com', 'evil.com/x', 'a b', 'a,b'])('does not lead anybody to %s', async (host) => {
  const text = await exchangeRaw(url, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  expect(text).toMatch(/^HTTP\/1\.1 400 /)
  expect(text).not.toContain('location')
})
