import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Agent, buildConnector, fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildInvokerForBrowsers } from '../../scripts/build-invoker-for-browsers.ts'
import { createFetchTransport } from './fetch-transport.ts'
import type { createInvoker } from './index.ts'
import { invokerContract } from './testing/contract.ts'

let directory: string
let bundle: { readonly text: string; readonly createInvoker: typeof createInvoker }
const opened = (async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-invoke-'))
  const text = await buildInvokerForBrowsers()
  const file = join(directory, 'invoke.mjs')
  await writeFile(file, text)
  bundle = { text, ...((await import(pathToFileURL(file).href)) as { createInvoker: typeof createInvoker }) }
})()

/** As a browser whose resolver knows the names of nodes: all are at home, and the port tells which. */
const agent = new Agent({ connect: (asked, callback) => buildConnector({})({ ...asked, hostname: '127.0.0.1' }, callback) })
const resolvingFetch: typeof fetch = async (input, init) => {
  const response = await undiciFetch(input instanceof Request ? input.url : input, { ...(init as object), dispatcher: agent })
  const { status, statusText } = response
  const answer = new Response(response.body, { status, statusText, headers: new Headers([...response.headers]) })
  return Object.defineProperties(answer, { url: { value: response.url }, redirected: { value: response.redirected } })
}

afterAll(async () => {
  await agent.destroy()
  await rm(directory, { recursive: true })
})

invokerContract('the bundle for browsers', async () => {
  await opened
  return {
    nodeUrl: (name, port) => `http://${name}.nodes.example.com:${port}`,
    create: (options) => bundle.createInvoker({ fetch: resolvingFetch, ...options }),
  }
})

describe('the bundle', () => {
  beforeAll(() => opened)

  test('is one module without imports, and small', () => {
    expect(bundle.text).not.toMatch(/^import |\brequire\(|["']node:/m)
    expect(bundle.text.length).toBeLessThan(150_000)
  })

  test('takes no token', () => {
    expect(() => bundle.createInvoker({ controlPlaneUrl: 'https://control.example.com', token: 't' })).toThrow(/must not have a token/)
  })
})

describe('where a browser may go', () => {
  const call = (url: string, init: { credentials?: 'include' } = {}) => ({ url: new URL(url), init: { method: 'GET', headers: new Headers(), ...init } })
  const node = (url: string) => ({ kind: 'node', name: 'n', url }) as const
  test.each([
    ['https://hello.example.com/a?b', 'https://fra-1.nodes.example.com:8443', {}, 'https://hello.fra-1.nodes.example.com:8443/a?b'],
    ['https://hello.acme.example.com/', 'https://fra-1.example.net', {}, 'https://hello.acme.fra-1.example.net/'],
    // To an address, out of TLS, with cookies, for another's host, and for its own page.
    ['https://hello.example.com/', 'https://10.0.0.1', {}, undefined], ['https://hello.example.com/', 'http://fra-1.example.net', {}, undefined],
    ['http://hello.example.com/', 'http://fra-1.example.net', {}, undefined],
    ['https://hello.example.com/', 'https://fra-1.example.net', { credentials: 'include' }, undefined],
    ['https://api.example.org/', 'https://fra-1.example.net', {}, undefined], ['https://app.example.com/', 'https://fra-1.example.net', {}, undefined],
  ] as const)('%s at %s %j: %s', (url, nodeUrl, init, reached) => {
    const transport = createFetchTransport(fetch, { pageOrigin: 'https://app.example.com', hasPlainDoor: false })
    expect(transport.reach(call(url, init), node(nodeUrl), 'example.com')?.href).toBe(reached)
  })

  test('what is called by HTTPS goes to no node that was told of without', () => {
    const transport = createFetchTransport(fetch, { pageOrigin: undefined, hasPlainDoor: true })
    expect(transport.reach(call('https://hello.example.com/'), node('https://nodes.example.net'), 'example.com')).toBeUndefined()
    expect(transport.reach(call('http://hello.example.com/'), node('http://nodes.example.net'), 'example.com')?.href).toBe('http://hello.nodes.example.net/')
  })
})
