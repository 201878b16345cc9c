import { once } from 'node:events'
import { request } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { answer, createFakeRuntime, type FakeRuntimeControls } from '../../test/helpers/fake-runtime.ts'
import { functionState } from '../../test/helpers/function-states.ts'
import { EdgeCore } from '../edge-core.ts'
import type { PlacedRequest, Placement } from '../placement/index.ts'
import { type ForwardContext, type Forwarder, internalHeaders } from './index.ts'

/** What the ingress does with what placement decides, which is scripted here, and so is the node that it forwards to. */

let core: EdgeCore
let url: string
let internalUrl: string
let fake: FakeRuntimeControls
let forwarded: ForwardContext[]
let node: string | undefined
let told: string[]
let asked: Array<{ readonly isComparable: boolean }>
let other: Forwarder['forward']
let heldTo: readonly string[] | undefined
let isSynchronised: boolean

beforeEach(async () => {
  const { controls, create } = createFakeRuntime()
  fake = controls
  forwarded = []
  told = []
  asked = []
  node = 'iad-1'
  heldTo = undefined
  isSynchronised = true
  other = (_request, response, context) => {
    response.writeHead(200, { 'x-skerry-placement': 'remote' }).end('from iad')
    context.onHead?.('iad-1', 200)
    return Promise.resolve(true)
  }
  const placement: Pick<Placement, 'place'> = {
    place: (_version, ask) => {
      asked.push(ask)
      const placed: Pick<PlacedRequest, 'node' | 'waits' | 'answered' | 'failed' | 'refused' | 'over'> = {
        node, waits: undefined, answered: (status, of) => told.push(`${of ?? 'here'} answered ${status}`), failed: () => told.push('failed'), refused: () => told.push('refused'), over: () => undefined,
      }
      return placed as PlacedRequest
    },
  }
  const forwarder: Forwarder = {
    forward: (of, response, context) => {
      forwarded.push(context)
      return other(of, response, context)
    },
  }
  core = await EdgeCore.start({
    name: 'fra-1', region: 'fra', domain: 'localhost', allowOutbound: [], allowLocationHeader: true, trustedProxies: [], createRuntime: create, onLog: () => undefined,
    isSynchronised: () => isSynchronised, internalTokens: () => ['token'], readArtifact: () => new Uint8Array(), placement: placement as Placement, forwarder, residencyOf: () => heldTo,
    publicUrl: 'https://fra-1.nodes.localhost',
  })
  const placed = functionState('placed')
  const smart = { ...placed, versions: placed.versions.map((version) => ({ ...version, config: { ...version.config, placement: { mode: 'smart' as const } } })) }
  core.setFunctions([smart, functionState('unplaced')])
  url = (await core.listen('public', '127.0.0.1', 0)).url
  internalUrl = (await core.listen('internal', '127.0.0.1', 0)).url
})
afterEach(() => core.close())

interface Called {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

async function call(name = 'placed', body?: string, headers: Readonly<Record<string, string>> = {}, at = url): Promise<Called> {
  const answered = await request(at, { method: body === undefined ? 'GET' : 'POST', body: body ?? null, headers: { host: `${name}.localhost`, ...headers } })
  return { status: answered.statusCode, text: await answered.body.text(), headers: answered.headers }
}

it('sends requests of placed functions to the node that was chosen, and tells of its answer', async () => {
  expect((await call()).text).toBe('from iad')
  expect(forwarded[0]).toMatchObject({ reason: 'placement', only: 'iad-1', regions: ['*'], hasBody: false })
  expect(told).toEqual(['iad-1 answered 200'])
  const cookies = ['a=1', 'b=2; Domain=fra-1.nodes.localhost', 'c=3; Domain=placed.fra-1.nodes.localhost']
  expect(cookies.filter((cookie) => forwarded[0]?.keepsCookie?.(cookie))).toEqual([cookies[0], cookies[2]])
  expect(asked).toMatchObject([{ isComparable: true }])
  await call('placed', 'abc')
  expect(asked[1]).toMatchObject({ isComparable: false })
  expect(fake.exchanges).toHaveLength(0)
})

it('runs here what is placed here, what asks for nothing, and what another node sent on', async () => {
  node = undefined
  expect((await call()).headers['x-skerry-placement']).toBe('local')
  expect(told).toEqual(['here answered 200'])
  node = 'iad-1'
  expect((await call('unplaced')).headers['x-skerry-placement']).toBeUndefined()
  const sentOn = await call('placed', undefined, { authorization: 'Bearer token', [internalHeaders.forwarded]: '1', [internalHeaders.forwarder]: 'sin-1' }, internalUrl)
  expect(sentOn.headers['x-skerry-placement']).toBe('remote')
  expect([forwarded.length, asked.length, fake.exchanges.length]).toEqual([0, 1, 3])
})

it('runs here what the other node does not take, with its body where that was not read', async () => {
  other = () => Promise.resolve(false)
  let body = ''
  fake.functions.set('placed', (exchange) => {
    body = exchange.request.body instanceof Uint8Array ? Buffer.from(exchange.request.body).toString() : String(exchange.request.body)
    answer(exchange, 200, 'here')
  })
  expect((await call()).text).toBe('here')
  expect((await call('placed', 'abc')).text).toBe('here')
  expect(body).toBe('abc')
  expect(told).toEqual(['failed', 'here answered 200', 'failed', 'here answered 200'])
  other = async (of) => {
    of.resume()
    await once(of, 'end')
    return false
  }
  const lost = await call('placed', 'abc')
  expect([lost.status, lost.headers['x-skerry-error']]).toEqual([503, 'no_healthy_node'])
})

it('tells a node that is busy from one that breaks off', async () => {
  other = (_request, _response, context) => {
    context.onBusy?.()
    return Promise.resolve(false)
  }
  await call()
  expect(told[0]).toBe('refused')
  told = []
  other = (_request, response) => {
    response.writeHead(502).end()
    return Promise.resolve(true)
  }
  expect((await call('placed', 'abc')).status).toBe(502)
  expect(told).toEqual(['failed'])
})

it('runs nothing here any more whose account was held to other regions meanwhile, whatever is left of it', async () => {
  const placed = functionState('placed')
  const state = { ...placed, secrets: { KEY: 'secret' }, versions: placed.versions.map((version) => ({ ...version, config: { ...version.config, placement: { mode: 'smart' as const } } })) }
  core.setFunctions([state])
  other = () => {
    heldTo = ['iad']
    core.setFunctions([{ ...state, secrets: {} }])
    return Promise.resolve(false)
  }
  const refused = await call()
  expect([refused.status, refused.headers['x-skerry-error'], fake.exchanges.length]).toEqual([503, 'no_healthy_node', 0])
})

it('asks others for functions that it does not know while it hears nothing new, and of few made-up names', async () => {
  isSynchronised = false
  other = () => Promise.resolve(false)
  const asked = 100
  const startedMs = performance.now()
  for (let name = 0; name < asked; name += 1) expect((await call(`unknown-${name}`)).status).toBe(404)
  const seconds = (performance.now() - startedMs) / 1_000
  expect(forwarded.length).toBeGreaterThan(10)
  expect(forwarded.length).toBeLessThanOrEqual(10 + asked / 5 + 10 * seconds + 1)
  core.setFunctions([])
  forwarded = []
  for (let name = 0; name < asked; name += 1) await call(`unknown-${name}`)
  expect(forwarded.length).toBe(asked)
})
