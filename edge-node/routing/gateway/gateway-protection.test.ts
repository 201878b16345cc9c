import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GatewayFixture } from '../testing/gateway-fixture.ts'
import { echo, pourForever, refuseBusy } from '../testing/scripted-cluster.ts'

let fixture: GatewayFixture
beforeEach(async () => {
  fixture = await GatewayFixture.start()
})
afterEach(() => fixture.close())

const requestsOfNodes = (): number => fixture.cluster.nodes.reduce((sum, { requests }) => sum + requests, 0)
const open = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

test('the overload of all nodes is not multiplied by trying one after the other', async () => {
  for (const node of fixture.cluster.nodes) node.script = refuseBusy
  const requests = 400
  const startedMs = performance.now()
  for (let sent = 0; sent < requests; sent += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => fixture.call({ method: 'POST', body: 'abc' })))
    for (const { status, headers } of answers) expect([status, headers['x-skerry-error'], headers['retry-after']]).toEqual([503, 'overloaded', '2'])
  }
  // A fifth, and ten a second and at first that are free: not two more for each.
  expect(requestsOfNodes()).toBeLessThanOrEqual(requests * 1.2 + 10 + (performance.now() - startedMs) / 100)
  const metrics = await (await fetch(`${fixture.gateway.adminUrl}/metrics`)).text()
  expect(Number(/^skerry_gateway_retries_denied_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0)
})

test('what one busy node refuses now and then is answered by the next', async () => {
  fixture.cluster.node('fra').script = refuseBusy
  for (let index = 0; index < 5; index += 1) {
    const { status, text } = await fixture.call({ headers: { 'x-skerry-location': '52.52,13.40' } })
    expect([status, JSON.parse(text)]).toMatchObject([200, { node: expect.not.stringContaining('fra') as string }])
  }
})

test('a client that does not read is given up where the gateway holds too much, and the node is told', async () => {
  await fixture.restart({ heldBytesMax: 32 * 1024 })
  let isOver = false
  for (const node of fixture.cluster.nodes) {
    node.script = (request, response) => {
      response.once('close', () => {
        isOver = true
      })
      pourForever(request, response)
    }
  }
  const socket = await open(fixture.gateway.url)
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: hello.localhost\r\n\r\n')
  await vi.waitFor(() => expect(isOver).toBe(true), { timeout: 20_000 })
  socket.destroy()
  for (const node of fixture.cluster.nodes) node.script = echo(node.info.name)
  expect((await fixture.call()).status).toBe(200)
})

test('connections beyond the bound are told so', async () => {
  await fixture.restart({ connectionsMax: 2 })
  for (const node of fixture.cluster.nodes) node.script = () => undefined
  const busy = [await open(fixture.gateway.url), await open(fixture.gateway.url)]
  for (const socket of busy) socket.write('GET / HTTP/1.1\r\nHost: hello.localhost\r\n\r\n')
  await vi.waitFor(() => expect(requestsOfNodes()).toBe(2))
  const refused = await open(fixture.gateway.url)
  const [text] = (await once(refused, 'data')) as [Buffer]
  expect(text.toString('latin1')).toMatch(/^HTTP\/1\.1 503 [\s\S]*x-skerry-error: overloaded\r\n[\s\S]*retry-after: [123]\r\n/)
  for (const socket of [...busy, refused]) socket.destroy()
})
