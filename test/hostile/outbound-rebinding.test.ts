import { once } from 'node:events'
import type { LookupAddress } from 'node:dns'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ResolveHost } from '../../edge-node/bindings/fetch/index.ts'
import { createOutboundCaller, type OutboundCaller } from '../helpers/outbound-caller.ts'

/**
 * Names that lead elsewhere than they did, or to several addresses. 127.0.0.1 stands for a public address, which the operator opened;
 * 127.0.0.2 for one that functions may not reach. One server listens at both and tells where it was reached.
 */

const open = '127.0.0.1'
const closed = '127.0.0.2'

let server: Server
let port: number
let reached: string[]
let asked: string[]
let answers: Readonly<Record<string, readonly (readonly string[])[]>>
let caller: OutboundCaller

beforeAll(async () => {
  server = createServer((request, response) => {
    response.setHeader('connection', 'close')
    if (request.url === '/redirect') response.writeHead(302, { location: `http://second.test:${port}/` })
    response.end(request.socket.localAddress)
  })
  server.on('connection', ({ localAddress }) => reached.push(localAddress ?? ''))
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  reached = []
  asked = []
  const resolve: ResolveHost = (name, done) => {
    const rounds = answers[name] ?? []
    const addresses = rounds[Math.min(asked.filter((before) => before === name).length, rounds.length - 1)] ?? []
    asked.push(name)
    done(null, addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })))
  }
  caller = createOutboundCaller({ allowOutbound: [open], resolve })
})
afterEach(() => caller.binding.close())

const ask = async (url: string, webSocket = false): Promise<string> => {
  const { body, head, error } = await caller.call(url.replace('PORT', String(port)), webSocket ? { webSocket, body: 'stream' } : {})
  return error === undefined ? body || String(head?.status) : error.code
}

test('the address that was checked is the one that is connected to: a name is asked for once', async () => {
  answers = { 'rebinding.test': [[open], [closed]] }
  expect(await ask('http://rebinding.test:PORT/')).toBe(open)
  expect([asked, reached]).toEqual([['rebinding.test'], [open]])
  expect(await ask('http://rebinding.test:PORT/')).toBe('address_blocked')
  expect(reached).toEqual([open])
})

test.each([[[closed, open]], [[open, closed]], [['10.0.0.1', '169.254.169.254', 'fd00:ec2::254', '::1', '::ffff:127.0.0.2', open]]])('of %j only what may be reached is tried', async (addresses) => {
  answers = { 'mixed.test': [addresses] }
  expect(await ask('http://mixed.test:PORT/')).toBe(open)
  expect(reached).toEqual([open])
})

test('an address that does not answer leads to no other that may not be reached', async () => {
  // Nobody listens there any more.
  const gone = createTcpServer().listen(0, open)
  await once(gone, 'listening')
  const { port: deadPort } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  const second = createTcpServer((socket) => {
    reached.push(closed)
    socket.destroy()
  }).listen(deadPort, closed)
  await once(second, 'listening')
  answers = { 'eyeballs.test': [[open, closed]] }
  expect(await ask(`http://eyeballs.test:${deadPort}/`)).toBe('subrequest_failed')
  expect(reached).toEqual([])
  second.close()
})

test('a redirect is resolved and checked as anything else', async () => {
  answers = { 'first.test': [[open]], 'second.test': [[closed], [open]] }
  expect(await ask('http://first.test:PORT/redirect')).toBe('address_blocked')
  expect(reached).toEqual([open])
  expect(await ask('http://first.test:PORT/redirect')).toBe(open)
})

test('so is a WebSocket', async () => {
  answers = { 'socket.test': [[closed], [open]] }
  expect(await ask('http://socket.test:PORT/', true)).toBe('address_blocked')
  expect(reached).toEqual([])
  expect(await ask('http://socket.test:PORT/', true)).toBe(open)
  expect(reached).toEqual([open])
})

test('every spelling of an address is that address', async () => {
  const spellings = [
    '127.0.0.2', '127.2', '0x7f000002', '2130706434', '0177.0.0.2', '0x7f.0.0.2', '127.0.0.2.', '[::ffff:127.0.0.2]', '[::ffff:7f00:2]', '[::127.0.0.2]', '[64:ff9b::127.0.0.2]',
    '%31%32%37.0.0.2', '１２７.0.0.2', '①②⑦.0.0.2', '127。0。0。2', '0', '0.0.0.0', '[::]', '[::1]', 'localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'a.localhost.',
  ]
  answers = { localhost: [[closed]] }
  for (const host of spellings) {
    for (const webSocket of [false, true]) {
      const outcome = await ask(`http://${host}:PORT/`, webSocket)
      // Names below our domain are functions, of which there are none.
      if (host.startsWith('a.')) expect([host, outcome], host).toEqual([host, expect.stringMatching(/404|function_not_found/)])
      else expect([host, outcome]).toEqual([host, 'address_blocked'])
    }
  }
  expect(reached).toEqual([])
})
