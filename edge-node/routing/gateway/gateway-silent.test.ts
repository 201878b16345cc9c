import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Answer, type CallOptions, GatewayFixture } from '../testing/gateway-fixture.ts'
import { breakOff, echo, refuseNotBegun } from '../testing/scripted-cluster.ts'
import { startUnanswering } from '../testing/unanswering.ts'

let fixture: GatewayFixture

beforeEach(async () => {
  fixture = await GatewayFixture.start()
})

afterEach(() => fixture.close())

const fromBerlin = (options: CallOptions = {}): Promise<Answer> => fixture.call({ ...options, headers: { 'x-skerry-location': '52.52,13.40', ...options.headers } })
const several = (count: number, options?: CallOptions): Promise<Answer[]> => Promise.all(Array.from({ length: count }, () => fromBerlin(options)))

/** Has the gateway keep so many connections to a node. */
async function connectAll(region: string, place: string, count: number): Promise<void> {
  const node = fixture.cluster.node(region)
  const held: (() => void)[] = []
  node.script = (request, response) => held.push(() => echo(node.info.name)(request, response))
  const asked = several(count, { headers: { 'x-skerry-location': place } })
  await vi.waitFor(() => expect(held).toHaveLength(count), { timeout: 10_000 })
  node.script = echo(node.info.name)
  for (const answer of held) answer()
  await asked
}

async function metric(pattern: RegExp): Promise<number> {
  return Number(pattern.exec(await (await fetch(`${fixture.gateway.adminUrl}/metrics`)).text())?.[1] ?? 0)
}

describe('a node that takes connections and is silent', () => {
  test('loses no safe request, also of those that it has already, and keeps the others', async () => {
    // Kept connections, that are silent later; and those of the next, as a machine that is busy may not make them in time.
    for (const [region, place] of [['fra', '52.52,13.40'], ['iad', '38.9,-77.0']] as const) await connectAll(region, place, 25)
    fixture.cluster.node('iad').requests = 0
    fixture.cluster.node('fra').freeze()
    const post = fromBerlin({ method: 'POST', body: 'abc' })
    // Otherwise they would wait for a quarter of an hour.
    for (const { status, headers } of await several(20)) expect([status, headers['x-skerry-node'], headers['x-skerry-attempts']]).toEqual([200, 'iad-1', '2'])
    expect((await fromBerlin({ method: 'POST', body: 'abc' })).headers['x-skerry-node']).toBe('iad-1')
    expect(await metric(/extra_attempts_total\{node="fra-1",reason="rescue"\} (\d+)/)).toBe(20)
    fixture.cluster.node('fra').thaw()
    expect([(await post).status, (await post).headers['x-skerry-node']]).toEqual([200, 'fra-1'])
    expect(fixture.cluster.node('iad').requests).toBe(21)
    await vi.waitFor(async () => expect((await fromBerlin()).headers['x-skerry-node']).toBe('fra-1'), { timeout: 5_000 })
  })

  test('is no node whose function is slow', async () => {
    fixture.cluster.node('fra').script = (request, response) => {
      setTimeout(() => echo('fra-1')(request, response), 700)
    }
    for (const { headers } of await several(5)) expect([headers['x-skerry-node'], headers['x-skerry-attempts']]).toEqual(['fra-1', undefined])
    expect(fixture.cluster.node('iad').requests).toBe(0)
  })
})

test('a node that takes no connection loses nothing, safe or not', async () => {
  const unanswering = await startUnanswering()
  try {
    const fra = fixture.cluster.node('fra')
    fra.info = { ...fra.info, internalUrl: `http://127.0.0.1:${unanswering.port}` }
    await fixture.restart({})
    const answers = await Promise.all([several(5), several(5, { method: 'POST', body: 'abc' })])
    for (const { status, headers } of answers.flat()) expect([status, headers['x-skerry-node']]).toEqual([200, expect.not.stringContaining('fra')])
    expect(fixture.cluster.node('iad').requests + fixture.cluster.node('sin').requests).toBe(10)
  } finally {
    unanswering.stop()
  }
})

test('hedging asks the next for what is safe and slower than usual, within its budget; the first answer counts, and the other is broken off', async () => {
  await fixture.restart({ hedge: true })
  const late: (() => void)[] = []
  let [asked, aborted] = [0, 0]
  fixture.cluster.node('fra').script = (request, response) => {
    if (request.url !== '/late') return echo('fra-1')(request, response)
    response.once('close', () => (aborted += response.writableFinished ? 0 : 1))
    late.push(() => echo('fra-1')(request, response))
  }
  const post = fromBerlin({ method: 'POST', path: '/late', body: 'abc' })
  const answers: Answer[] = []
  const waiting: Promise<unknown>[] = []
  // Noise uses up what was saved now and then: then the next saves anew.
  while (answers.length === 0) {
    await several(50)
    waiting.push(fromBerlin({ path: '/late' }).then((answer) => answers.push(answer)))
    asked += 51
  }
  expect(answers.map(({ status, headers }) => [status, headers['x-skerry-node'], headers['x-skerry-attempts']])).toEqual([[200, 'iad-1', '2']])
  await vi.waitFor(() => expect(aborted).toBe(1))
  for (const answer of late) answer()
  expect((await post).headers['x-skerry-node']).toBe('fra-1')
  await Promise.all(waiting)
  expect(fixture.cluster.node('iad').requests).toBeLessThanOrEqual(1 + 0.02 * (asked + 1))
})

describe('faults of its own', () => {
  const conditionOf = (node: string, condition: string): Promise<number> => metric(new RegExp(`node_condition\\{node="${node}",condition="${condition}"\\} (1)`))

  test('take a node out, though its checks are well', async () => {
    fixture.cluster.node('fra').script = breakOff
    for (let index = 0; index < 12; index += 1) expect((await fromBerlin()).headers['x-skerry-node']).toBe('iad-1')
    expect(fixture.cluster.node('fra').requests).toBe(5)
    expect(await conditionOf('fra-1', 'ejected')).toBe(1)
    expect(await metric(/node_falls_total\{node="fra-1",condition="ejected"\} (\d+)/)).toBe(1)
  })

  test('are not those of functions, nor of one function, nor of all nodes', async () => {
    const fra = fixture.cluster.node('fra')
    fra.script = (_request, response) => response.writeHead(500).end()
    for (let index = 0; index < 10; index += 1) expect((await fromBerlin()).status).toBe(500)
    fra.script = (_request, response) => response.writeHead(502, { 'x-skerry-error': 'isolate_crashed' }).end()
    for (let index = 0; index < 10; index += 1) expect((await fromBerlin()).status).toBe(502)
    for (const each of fixture.cluster.nodes) each.script = refuseNotBegun
    for (let index = 0; index < 10; index += 1) expect((await fromBerlin()).status).toBe(503)
    expect([await conditionOf('fra-1', 'up'), await conditionOf('iad-1', 'up'), await conditionOf('sin-1', 'up')]).toEqual([1, 1, 1])
  })

  test('a node where functions of several hosts die is taken out', async () => {
    fixture.cluster.node('fra').script = (_request, response) => response.writeHead(502, { 'x-skerry-error': 'isolate_crashed' }).end()
    for (let index = 0; index < 5; index += 1) await fromBerlin({ headers: { host: `f${index}.localhost` } })
    expect((await fromBerlin()).headers['x-skerry-node']).toBe('iad-1')
  })
})

test.each([
  ['garbage', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['100 again and again', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)],
  ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
])('a node that answers %s and ends is passed over', async (_what, text) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(text))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const fra = fixture.cluster.node('fra')
    fra.info = { ...fra.info, internalUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}` }
    await fixture.restart({})
    for (const { status, text: body } of await several(5)) expect([status, JSON.parse(body)]).toMatchObject([200, { node: 'iad-1' }])
  } finally {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
})

test('nodes killed in the middle of bodies cut those answers, and lose no other', async () => {
  fixture.cluster.node('fra').script = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('part')
  }
  const cut = Promise.allSettled(Array.from({ length: 10 }, () => fromBerlin()))
  await vi.waitFor(() => expect(fixture.cluster.node('fra').requests).toBe(10))
  await new Promise(setImmediate)
  await fixture.cluster.node('fra').kill()
  expect((await cut).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'rejected'))
  for (const { status } of await several(10)) expect(status).toBe(200)
})
