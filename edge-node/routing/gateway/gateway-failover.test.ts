import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GatewayFixture } from '../testing/gateway-fixture.ts'
import { breakOff, refuseBusy, refuseNotBegun } from '../testing/scripted-cluster.ts'

let fixture: GatewayFixture

beforeEach(async () => {
  fixture = await GatewayFixture.start()
})

afterEach(() => fixture.close())

describe('failover', () => {
  test('a killed node is passed over without an error, and taken again when it is back', async () => {
    await fixture.cluster.node('fra').kill()
    for (let index = 0; index < 5; index++) expect(await fixture.answeredBy('52.52,13.40')).toBe('iad-1')
    await fixture.cluster.node('fra').revive()
    await vi.waitFor(async () => expect(await fixture.answeredBy('52.52,13.40')).toBe('fra-1'), { timeout: 5_000 })
  })

  test('an unsafe request moves on where nothing of it was sent or the node vouches, body and all', async () => {
    const body = 'x'.repeat(60_000)
    let received = ''
    fixture.cluster.node('iad').script = (request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (received += chunk)).on('end', () => response.end('done'))
    }
    fixture.cluster.node('fra').script = refuseNotBegun
    expect((await fixture.call({ method: 'POST', body })).text).toBe('done')
    expect(received).toBe(body)
    await fixture.cluster.node('fra').kill()
    received = ''
    expect((await fixture.call({ method: 'POST', body })).text).toBe('done')
    expect(received).toBe(body)
  })

  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('%s is repeated after a break before the head', async (method) => {
    fixture.cluster.node('fra').script = breakOff
    expect((await fixture.call({ method, ...(method === 'PUT' ? { body: 'abc' } : {}) })).status).toBe(200)
    expect([fixture.cluster.node('fra').requests, fixture.cluster.node('iad').requests]).toEqual([1, 1])
  })

  test('whoever is asked next is told how much of the time is over', async () => {
    const elapsed = async (): Promise<string | undefined> => (JSON.parse((await fixture.call()).text) as { headers: Record<string, string> }).headers['x-skerry-elapsed']
    expect(await elapsed()).toBeUndefined()
    fixture.cluster.node('fra').script = breakOff
    expect(Number(await elapsed())).toBeGreaterThan(0)
  })

  test('where it breaks on every node, nobody is told that nothing was processed', async () => {
    for (const node of fixture.cluster.nodes) node.script = breakOff
    const answer = await fixture.call()
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([502, { code: 'isolate_crashed' }])
  })

  test.each(['POST', 'PATCH'])('%s is not repeated once it may have begun', async (method) => {
    fixture.cluster.node('fra').script = breakOff
    const answer = await fixture.call({ method, body: 'abc' })
    expect([answer.status, answer.headers['x-skerry-error']]).toEqual([502, 'isolate_crashed'])
    expect([fixture.cluster.node('iad').requests, fixture.cluster.node('sin').requests]).toEqual([0, 0])
  })

  test('a body beyond the replay buffer is not repeated, even for an idempotent method', async () => {
    fixture.cluster.node('fra').script = (request) => {
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > 200_000) request.socket.destroy()
      })
    }
    const answer = await fixture.call({ method: 'PUT', body: 'x'.repeat(1_000_000) })
    expect(answer.status).toBe(502)
    expect(fixture.cluster.node('iad').requests).toBe(0)
  })

  test('a connection broken after the head breaks the client’s', async () => {
    fixture.cluster.node('fra').script = (_request, response) => {
      response.writeHead(200)
      response.write('part')
      setImmediate(() => response.destroy())
    }
    await expect(fixture.call()).rejects.toThrow(/aborted|socket/)
    expect(fixture.cluster.node('iad').requests).toBe(0)
  })

  test('a draining node gets nothing while another is there', async () => {
    fixture.cluster.node('fra').readyStatus = 503
    await vi.waitFor(async () => expect(await fixture.answeredBy('52.52,13.40')).toBe('iad-1'))
    const { requests } = fixture.cluster.node('fra')
    for (let index = 0; index < 3; index++) expect(await fixture.answeredBy('52.52,13.40')).toBe('iad-1')
    expect(fixture.cluster.node('fra').requests).toBe(requests)
  })

  test('where every node refuses, the last refusal is the answer; where none is there, no_healthy_node', async () => {
    for (const node of fixture.cluster.nodes) node.script = refuseNotBegun
    const refused = await fixture.call({ method: 'POST', body: 'abc' })
    expect([refused.status, refused.headers['x-skerry-error'], refused.headers['retry-after']]).toEqual([503, 'overloaded', '1'])
    await Promise.all(fixture.cluster.nodes.map((node) => node.kill()))
    const none = await fixture.call()
    expect([none.status, none.headers['content-type'], none.headers['retry-after']]).toEqual([503, 'application/problem+json', '1'])
    expect(JSON.parse(none.text)).toMatchObject({ code: 'no_healthy_node', requestId: expect.stringMatching(/^\w{26}$/) as string })
  })

  test.each([
    { what: 'are busy', script: refuseBusy, code: 'overloaded' },
    { what: 'can not run it', script: refuseNotBegun, code: 'no_healthy_node' },
  ])('where some nodes $what and the others are gone, $code', async ({ script, code }) => {
    fixture.cluster.node('fra').script = script
    await Promise.all([fixture.cluster.node('iad').kill(), fixture.cluster.node('sin').kill()])
    const answer = await fixture.call()
    expect([answer.status, answer.headers['x-skerry-error'], answer.headers['retry-after']]).toEqual([503, code, expect.stringMatching(/^\d+$/)])
  })

  test.each([
    { what: 'all are overloaded', isNearGone: false }, { what: 'those that are left are overloaded', isNearGone: true },
  ])('a moment in which $what is waited out, with body and all, and told as time that is over', async ({ isNearGone }) => {
    let refusals = 0
    for (const node of fixture.cluster.nodes) {
      const echo = node.script
      node.script = (request, response) => {
        if (refusals === 3) return echo(request, response)
        refusals += 1
        refuseBusy(request, response)
      }
    }
    if (isNearGone) await fixture.cluster.node('fra').kill()
    const answer = await fixture.call({ method: 'POST', body: 'abc' })
    expect([answer.status, refusals]).toEqual([200, 3])
    const { headers } = JSON.parse(answer.text) as { headers: Record<string, string> }
    expect(Number(headers['x-skerry-elapsed'])).toBeGreaterThanOrEqual(125)
    expect(await (await fetch(`${fixture.gateway.adminUrl}/metrics`)).text()).toMatch(/^skerry_gateway_rounds_again_total 1$/m)
  })

  test('an overload that lasts is told to the client after three rounds', async () => {
    for (const node of fixture.cluster.nodes) node.script = refuseBusy
    const answer = await fixture.call()
    expect([answer.status, answer.headers['x-skerry-error'], answer.headers['retry-after']]).toEqual([503, 'overloaded', '2'])
    expect(fixture.cluster.nodes.map(({ requests }) => requests)).toEqual([3, 3, 3])
  })

  test('a limit of the function is no overload that passes', async () => {
    for (const node of fixture.cluster.nodes) {
      node.script = (request, response) => {
        request.resume()
        response.writeHead(429, { 'x-skerry-not-begun': 'busy', 'x-skerry-error': 'concurrency_limit_exceeded', 'retry-after': '1' }).end()
      }
    }
    expect((await fixture.call()).status).toBe(429)
    expect(fixture.cluster.nodes.map(({ requests }) => requests)).toEqual([1, 1, 1])
  })

  test('takes no connection before it knows the nodes', async () => {
    const port = Number(new URL(fixture.gateway.url).port)
    const open: boolean[] = []
    fixture.cluster.listAfter(async () => {
      open.push(await isOpen(port))
    })
    await fixture.restart({ port })
    expect(open[0]).toBe(false)
    expect(await fixture.answeredBy('52.52,13.40')).toBe('fra-1')
  })

  test('goes on with the last list while the control plane is down, and after a restart with the kept one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skerry-gateway-'))
    try {
      await fixture.gateway.close()
      const nodesFile = join(directory, 'nodes.json')
      fixture.gateway = await fixture.startGateway({ nodesFile })
      await fixture.gateway.close()
      fixture.cluster.failControlPlane(500)
      const outages: (string | undefined)[] = []
      fixture.gateway = await fixture.startGateway({ nodesFile, onOutage: (error) => outages.push(error?.code) })
      expect(await fixture.answeredBy('52.52,13.40')).toBe('fra-1')
      fixture.cluster.failControlPlane(undefined)
      await vi.waitFor(() => expect(outages).toEqual(['server_unreachable', undefined]))
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('a node that the control plane does not hear of, but that the gateway reaches, goes on', async () => {
    const fra = fixture.cluster.node('fra')
    fra.info = { ...fra.info, connected: false, lastSeenMs: 0 }
    await fixture.cluster.listRead()
    for (let index = 0; index < 3; index += 1) expect(await fixture.answeredBy('52.52,13.40')).toBe('fra-1')
  })

  test('goes on where the control plane has just started and names no node yet, and after a restart at such a moment', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skerry-gateway-'))
    try {
      const nodesFile = join(directory, 'nodes.json')
      await fixture.restart({ nodesFile })
      for (const listed of [[], ['sin'], ['sin', 'iad']]) {
        fixture.cluster.listOnly(listed)
        await fixture.cluster.listRead()
        expect(await fixture.answeredBy('52.52,13.40')).toBe('fra-1')
        await fixture.restart({ nodesFile })
        expect(await fixture.answeredBy('52.52,13.40')).toBe('fra-1')
      }
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

/** Whether somebody takes connections at a port of loopback. */
async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
