import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callingVersion, createOutboundCaller, type OutboundCaller } from '../helpers/outbound-caller.ts'

/** Servers that answer more than they were asked, and connections that one function opened and another would like to use. */

interface Connection {
  readonly socket: Socket
  requests: number
}

let server: Server
let address: string
let connections: Connection[]
/** Answers the n-th request, from 1, of a connection. */
let answer: (connection: Connection, number: number) => void
let caller: OutboundCaller

beforeEach(async () => {
  connections = []
  answer = ({ socket }) => socket.write(whole('own'))
  server = createServer((socket) => {
    const connection = { socket, requests: 0 }
    connections.push(connection)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      // Heads come whole here, and without bodies.
      for (let count = data.toString('latin1').split('\r\n\r\n').length - 1; count > 0; count -= 1) answer(connection, ++connection.requests)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await caller.binding.close()
  for (const { socket } of connections) socket.destroy()
  server.close()
})

const whole = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const ask = async (version: Parameters<typeof callingVersion>[0]): Promise<string> => {
  const { body, error } = await caller.call(`http://${address}/`, { version: callingVersion(version) })
  // The connection is free again after the turn in which the answer ended.
  await new Promise((resolve) => setImmediate(resolve))
  return error === undefined ? body : error.code
}

test('a function keeps its connections, and no other gets them', async () => {
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'] })
  for (const version of [{}, {}, { account: 'other' }, { functionName: 'neighbour' }, { outbound: { allow: [], deny: ['elsewhere.test'] } }]) await ask(version)
  expect(connections.map(({ requests }) => requests)).toEqual([2, 1, 1, 1])
})

test('what an origin answers beyond what it was asked reaches no other account', async () => {
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'] })
  // The second answer comes when somebody else's request would be there to take it.
  answer = ({ socket }, number) => {
    socket.write(number === 1 ? whole('first') : whole('left over from the first'))
  }
  expect(await ask({ account: 'attacker' })).toBe('first')
  expect(await ask({ account: 'victim' })).toBe('first')
  expect(await ask({ account: 'victim', functionName: 'another' })).toBe('first')
})

test('two answers in one packet end the connection', async () => {
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'] })
  answer = ({ socket }) => socket.write(whole('own') + whole('smuggled'))
  expect([await ask({}), await ask({}), await ask({})]).toEqual(['own', 'own', 'own'])
  expect(connections.map(({ requests }) => requests)).toEqual([1, 1, 1])
})

test('a connection that was allowed to one function is open to no other', async () => {
  caller = createOutboundCaller({ allowOutbound: ['acme/shop=127.0.0.1'] })
  expect(await ask({ account: 'acme', functionName: 'shop' })).toBe('own')
  expect(await ask({ account: 'acme', functionName: 'blog' })).toBe('address_blocked')
  expect(await ask({ account: 'other', functionName: 'shop' })).toBe('address_blocked')
  expect(await ask({ account: 'acme', functionName: 'shop', outbound: { allow: ['elsewhere.test'], deny: [] } })).toBe('address_blocked')
  expect(connections.map(({ requests }) => requests)).toEqual([1])
})

test('no cookie that an origin sets comes back, to anybody', async () => {
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'] })
  const heard: string[] = []
  answer = ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nSet-Cookie: session=secret\r\nCache-Control: max-age=600\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n')
  }
  server.on('connection', (socket: Socket) => socket.on('data', (data) => heard.push(data.toString('latin1').toLowerCase())))
  for (const version of [{}, {}, { account: 'other' }]) await ask(version)
  expect(heard).toHaveLength(3)
  expect(heard.join('')).not.toMatch(/cookie|if-none-match/)
})
