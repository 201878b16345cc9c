import { afterEach, describe, expect, test } from 'vitest'
import type { DeploymentEvent } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { collectDeployment, createClient, type SkerryClient } from './index.ts'
import { lookupWithLocalhost } from './lookup.ts'
import { problem, type ScriptedControlPlane, startScriptedControlPlane } from './scripted-control-plane.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function connect(answers: Parameters<typeof startScriptedControlPlane>[0]): Promise<{ client: SkerryClient; server: ScriptedControlPlane }> {
  const server = await startScriptedControlPlane(answers)
  const client = createClient({ url: server.url, token: 'secret-token' })
  closing.push(() => server.close(), () => client.close())
  return { client, server }
}

const older = '01JAAAAAAAAAAAAAAAAAAAAAAA'
const done = {
  type: 'done', functions: [{ function: 'hello', version: older, url: 'http://hello.localhost:8080/' }], revision: 7, propagationMs: 3,
  nodes: [{ node: 'fra-1', region: 'fra', ackMs: 2 }], missing: [], activated: true,
}

describe('createClient', () => {
  test('sends the token and reads lists', async () => {
    const { client, server } = await connect({ 'GET /v1/functions': { json: { functions: [] } } })
    expect(await client.functions()).toEqual([])
    expect(server.requests[0]?.authorization).toBe('Bearer secret-token')
  })

  test('walks the pages of a list', async () => {
    const { client, server } = await connect({
      'GET /v1/functions/hello/secrets': ({ path }) =>
        path.includes('cursor=B%2F2') ? { json: { secrets: ['C'] } } : { json: { secrets: ['A', 'B'], nextCursor: 'B/2' } },
    })
    expect(await client.secrets.list('hello')).toEqual(['A', 'B', 'C'])
    expect(server.requests).toHaveLength(2)
  })

  test('turns a problem document into its error', async () => {
    const { client } = await connect({ 'GET /v1/nodes': problem(403, 'forbidden', 'needs scope admin') })
    await expect(client.nodes()).rejects.toMatchObject({ code: 'forbidden', message: 'needs scope admin' })
  })

  test('tells a server that is not one from one that is away', async () => {
    const { client, server } = await connect({ 'GET /v1/nodes': { text: '<html>' }, 'GET /v1/functions': { status: 502, text: 'bad gateway' } })
    await expect(client.nodes()).rejects.toMatchObject({ code: 'internal_error', message: expect.stringContaining('Is it a Skerry control plane') })
    await expect(client.functions()).rejects.toMatchObject({ code: 'internal_error' })
    const edge = await connect({ 'GET /v1/functions': problem(404, 'function_not_found', 'No function answers at 127.0.0.1/v1/functions.') })
    await expect(edge.client.functions()).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('no control plane') })
    await server.close()
    await expect(client.functions()).rejects.toMatchObject({ code: 'server_unreachable' })
  })

  test('refuses URLs that are none, shares that do not add up and versions that are none', async () => {
    expect(() => createClient({ url: 'localhost', token: 't' })).toThrow('not the URL')
    const { client } = await connect({})
    expect(() => client.release('hello', [{ version: older, percent: 50 }])).toThrow('add up to 50')
    expect(() => client.release('hello', [{ version: 'v1', percent: 100 }])).toThrow('not a version id')
  })

  test('rolls back one function or a group, or to a version', async () => {
    const { client, server } = await connect({ 'POST /v1/rollbacks': { lines: [done] }, 'POST /v1/functions/hello/releases': { lines: [done] } })
    expect(await collectDeployment(client.rollback('hello'))).toMatchObject({ revision: 7 })
    await collectDeployment(client.rollbackGroup({ functions: ['hello'], group: true }))
    await collectDeployment(client.rollback('hello', older.toLowerCase()))
    expect(server.requests.map(({ body }) => JSON.parse(String(body)) as unknown)).toEqual([
      { functions: ['hello'] }, { functions: ['hello'], group: true },
      { shares: [{ version: older, percent: 100 }], message: `rollback to ${older}` },
    ])
  })

  test('throws what a deployment was refused with, and when it broke off', async () => {
    const { client } = await connect({
      'POST /v1/deployments': { lines: [{ type: 'refused', code: 'load_failed', detail: 'Error: no', function: 'hello', node: 'fra-1', stack: 'Error: no\n    at x', functions: [] }] },
      'POST /v1/functions/hello/releases': { lines: [] },
    })
    const events = client.deploy({ functions: [] })
    await expect(collectDeployment(events)).rejects.toMatchObject({
      code: 'load_failed', message: 'hello on fra-1: Error: no\n    at x',
    })
    await expect(collectDeployment(client.release('hello', [{ version: older, percent: 100 }]))).rejects.toMatchObject({ code: 'server_unreachable' })
  })

  test('tells a deployment that was broken off from one that never began', async () => {
    const away = new SkerryError('server_unreachable', 'can not be reached')
    async function* breaking(events: readonly DeploymentEvent[]): AsyncGenerator<DeploymentEvent, void> {
      yield* events
      throw away
    }
    await expect(collectDeployment(breaking([]))).rejects.toBe(away)
    await expect(collectDeployment(breaking([{ type: 'stored', functions: [], revision: 1 }]))).rejects.toMatchObject({
      code: 'server_unreachable', message: expect.stringContaining('before its end'), cause: away,
    })
  })

  test('tails until it is left', async () => {
    const event = {
      timeMs: 1, node: 'fra-1', region: 'fra', account: 'default', function: 'hello', version: older, kind: 'console', level: 'log', text: 'hi',
    }
    const { client } = await connect({ 'GET /v1/functions/hello/tail': { lines: [event], holdOpen: true } })
    const controller = new AbortController()
    const seen: string[] = []
    for await (const { text } of client.tail('hello', { signal: controller.signal })) {
      seen.push(text)
      controller.abort()
    }
    expect(seen).toEqual(['hi'])
  })

  test('keeps secrets within their limits', async () => {
    const { client } = await connect({})
    await expect(client.secrets.put('hello', 'KEY', 'x'.repeat(6_000))).rejects.toMatchObject({ code: 'invalid_request' })
  })
})

test('names below localhost lead to loopback', async () => {
  const address = await new Promise((resolve) => {
    lookupWithLocalhost('hello.localhost', {}, (_, found) => resolve(found))
  })
  expect(address).toBe('127.0.0.1')
})
