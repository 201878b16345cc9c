/** `skerry/invoke` in a real browser, before a real gateway and the ingress of real nodes. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalEdge, startLocalEdge } from '../../edge-node/index.ts'
import { type Gateway, startGateway } from '../../edge-node/routing/index.ts'
import { type ScriptedCluster, startScriptedCluster } from '../../edge-node/routing/testing/scripted-cluster.ts'
import { findRegion } from '../../geography/index.ts'
import { buildInvokerForBrowsers } from '../../scripts/build-invoker-for-browsers.ts'
import { chromiumPath, openPage, type Page } from '../helpers/chromium.ts'
import { answer, answerHead, createFakeRuntime } from '../helpers/fake-runtime.ts'
import { functionState } from '../helpers/function-states.ts'

const domain = 'skerry.test'
const berlin = { latitude: 52.52, longitude: 13.4 }
const cors = ['access-control-allow-origin', '*', 'access-control-expose-headers', '*']
const closers: (() => Promise<void>)[] = []
let cluster: ScriptedCluster
let gateway: Gateway
let edges: Record<string, LocalEdge>
let script: string

/** What the page does, with `createInvoker`, and `does`, which has the test do something. */
const scenario = `
  const events = []
  const where = async (response) => [response.headers.get('x-skerry-node'), new URL(response.url).host]
  const invoker = createInvoker({
    baseUrl: 'http://${domain}', location: { latitude: 52.52, longitude: 13.4 }, onEvent: (event) => events.push(event),
  })
  const { fetch: call, nodes } = invoker
  const seen = {}
  // A busy machine may keep a node silent for a moment.
  const nearest = async (ask) => {
    for (let left = 20; ; left -= 1) {
      const answered = await where(await ask())
      if (answered[0] === 'fra-1' || left === 0) return answered
      await new Promise((done) => setTimeout(done, 250))
    }
  }
  seen.nearest = await nearest(() => call('http://hello.${domain}/a'))
  seen.named = await nearest(() => invoker.function('hello').fetch('/b', { method: 'POST', body: 'abc' }))
  seen.echo = await (await call('http://hello.${domain}/echo', { method: 'POST', body: new Blob(['x'.repeat(100000)]) })).text().then((text) => text.length)
  const reader = (await call('http://hello.${domain}/stream')).body.getReader()
  seen.chunks = [new TextDecoder().decode((await reader.read()).value)]
  await does('finish')
  seen.chunks.push(new TextDecoder().decode((await reader.read()).value), (await reader.read()).done)
  const controller = new AbortController()
  const hanging = call('http://hello.${domain}/never', { signal: controller.signal })
  setTimeout(() => controller.abort(), 50)
  seen.aborted = await hanging.catch((error) => error.name)
  seen.late = await call('http://hello.${domain}/never', { timeoutMs: 50 }).catch((error) => error.name)
  await does('kill fra')
  const startedMs = performance.now()
  seen.elsewhere = [await where(await call('http://hello.${domain}/')), await where(await call('http://hello.${domain}/', { method: 'POST', body: 'abc' }))]
  seen.failoverMs = performance.now() - startedMs
  seen.nodes = (await nodes()).map((node) => node.name).toSorted()
  await does('kill syd')
  seen.door = await (await call('http://hello.${domain}/')).json().then((json) => [json.node, json.headers.host])
  seen.cookies = await call('http://hello.${domain}/', { credentials: 'include' }).catch((error) => [error.name, error.tried.map(({ url }) => url)])
  return seen
`

beforeAll(async () => {
  if (chromiumPath === undefined) return
  script = await buildInvokerForBrowsers()
  cluster = await startScriptedCluster(['fra', 'syd'])
  closers.push(() => cluster.close())
  edges = {}
  for (const node of cluster.nodes) {
    const edge = await startEdge(node.info.region)
    edges[node.info.region] = edge
    closers.push(() => edge.close())
    node.info = { ...node.info, url: `http://${node.info.name}.nodes.${domain}` }
    // What comes by the gateway: behind it stands a script.
    const echo = node.script
    node.script = (request, response) => {
      response.setHeader('access-control-allow-origin', '*')
      echo(request, response)
    }
  }
  gateway = await startGateway({
    host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, domain, allowLocationHeader: false, trustedProxies: [],
    place: berlin, timing: { checkIntervalMs: 100, refreshMs: 100 },
  })
  closers.push(() => gateway.close())
})
afterAll(async () => {
  for (const close of closers.toReversed()) await close()
})

let finish = (): void => undefined

async function startEdge(region: string): Promise<LocalEdge> {
  const { controls, create } = createFakeRuntime()
  controls.functions.set('hello', (exchange) => {
    const { pathname } = new URL(exchange.request.url)
    if (pathname === '/never') return
    if (pathname === '/echo') {
      const { body } = exchange.request
      if (body instanceof Uint8Array) answer(exchange, 200, Buffer.from(body).toString(), cors)
      else controls.onBodyEnd = (of) => of === exchange && answer(exchange, 200, Buffer.concat(exchange.chunks).toString(), cors)
    } else if (pathname === '/stream') {
      answerHead(exchange, 200, cors)
      exchange.handler.onChunk(Buffer.from('first'))
      finish = () => {
        exchange.handler.onChunk(Buffer.from('second'))
        exchange.handler.onEnd()
      }
    } else answer(exchange, 200, 'hello', cors)
  })
  const edge = await startLocalEdge({
    name: `${region}-1`, region, ...(findRegion(region) ?? berlin), host: '127.0.0.1', port: 0, publicUrl: `http://${region}-1.nodes.${domain}`, domain,
    allowOutbound: [], allowLocationHeader: false, trustedProxies: [], createRuntime: create,
  })
  await edge.setFunctions([functionState('hello', {})], () => new Uint8Array())
  return edge
}

/** Serves the page, does what it asks for, and resolves with what it reports. */
async function runInPage(open: (url: string) => Promise<Page>): Promise<Record<string, unknown>> {
  const reported = Promise.withResolvers<Record<string, unknown>>()
  const answerPage = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/invoke.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else if (request.url === '/report') {
      reported.resolve(JSON.parse(await text(request)) as Record<string, unknown>)
      response.end()
    } else if (request.url?.startsWith('/does?') === true) {
      const what = decodeURIComponent(request.url.slice('/does?'.length))
      if (what === 'finish') finish()
      else await edges[what.slice('kill '.length)]?.close()
      response.end()
    } else {
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': "script-src 'self' 'unsafe-inline'" }).end(`<!doctype html><script type="module">
        import { createInvoker } from '/invoke.js'
        const does = (what) => fetch('/does?' + encodeURIComponent(what))
        const violations = []
        addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective))
        const run = async () => { ${scenario} }
        const seen = await run().catch((error) => ({ error: String(error) + ' ' + String(error.cause) + ' ' + error.stack }))
        await fetch('/report', { method: 'POST', body: JSON.stringify({ ...seen, violations }) })
      </script>`)
    }
  }
  const server = createServer((request, response) => void answerPage(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const page = await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  // Closed with the rest, so that it goes where the page never reports, too.
  closers.push(async () => {
    await page.close()
    server.close()
    server.closeAllConnections()
  })
  return reported.promise
}

test.skipIf(chromiumPath === undefined)('discovers nodes, calls them by names of their own, fails over, and ends at the gateway', { timeout: 90_000 }, async () => {
  const at = (region: string): string => edges[region]?.url.slice('http://'.length) ?? ''
  const gatewayAt = gateway.url.slice('http://'.length)
  const { failoverMs, ...seen } = await runInPage((url) => openPage(url, {
    [`*.fra-1.nodes.${domain}`]: at('fra'), [`*.syd-1.nodes.${domain}`]: at('syd'), [domain]: gatewayAt, [`hello.${domain}`]: gatewayAt,
  }))
  expect(seen).toEqual({
    nearest: ['fra-1', `hello.fra-1.nodes.${domain}`], named: ['fra-1', `hello.fra-1.nodes.${domain}`], echo: 100_000, chunks: ['first', 'second', true],
    aborted: 'AbortError', late: 'TimeoutError',
    elsewhere: [['syd-1', `hello.syd-1.nodes.${domain}`], ['syd-1', `hello.syd-1.nodes.${domain}`]], nodes: ['fra-1', 'syd-1'],
    // The gateway may choose between the two that stand behind it.
    door: [expect.stringMatching(/^(?:fra|syd)-1$/), `hello.${domain}`],
    // Cookies stay with the function's own host, and `*` is nobody who may have them.
    cookies: ['TypeError', [`http://hello.${domain}/`]], violations: [],
  })
  expect(failoverMs).toBeGreaterThan(0)
})
