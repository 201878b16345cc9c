import { afterEach, expect, test } from 'vitest'
import { createInvoker, type Invoker } from './index.ts'

/** What whoever lists the nodes can, and can not, bring about. `fetch` stands for a browser's. */
let invoker: Invoker | undefined
let asked = 0
let seen: { readonly url: string; readonly authorization: string | null }[] = []
afterEach(async () => {
  await invoker?.close()
  seen = []
  asked = 0
})

const node = (url: string) => ({ name: 'n-1', region: 'fra', url, latitude: 50, longitude: 8, status: 'up' })

function open(baseUrl: string, list: string): Invoker {
  const given: typeof fetch = (input, init) => {
    asked += 1
    const url = input instanceof Request ? input.url : String(input)
    if (url.includes('/.well-known/skerry/nodes')) return Promise.resolve(new Response(list))
    if (!url.includes('/.well-known/')) seen.push({ url, authorization: new Headers(init?.headers).get('authorization') })
    return Promise.resolve(new Response('{}'))
  }
  invoker = createInvoker({ baseUrl, fetch: given, location: { latitude: 50, longitude: 8 } })
  return invoker
}

const headers = { authorization: 'Bearer secret' }

test.each([
  ['https://gateway.example.net', 'api.bank.example', 'bank.example'], ['https://example.com', 'other.com', 'com'], ['https://shop.example.net', 'api.example.com', 'example.com'],
])('%s does not draw calls of %s away by calling itself %s', async (baseUrl, host, domain) => {
  await open(baseUrl, JSON.stringify({ domain, nodes: [node('https://thief.test')] })).fetch(`https://${host}/`, { headers })
  expect(seen).toEqual([{ url: `https://${host}/`, authorization: 'Bearer secret' }])
})

test('functions that are named are called where it says, and URLs of its own domain', async () => {
  const told = open('https://gateway.example.net', JSON.stringify({ domain: 'example.com', nodes: [node('https://n-1.example.org')] }))
  await told.fetch('hello/a')
  const own = open('https://edge.example.com', JSON.stringify({ domain: 'example.com', nodes: [node('https://n-1.example.org')] }))
  await own.fetch('https://hello.example.com/b')
  expect(seen.map(({ url }) => url)).toEqual(['https://hello.n-1.example.org/a', 'https://hello.n-1.example.org/b'])
})

test('what is called by HTTPS goes to no host that a list invents over plain HTTP', async () => {
  const list = JSON.stringify({ domain: 'example.com', nodes: [node('https://thief.test')] })
  await open('http://example.com', list).fetch('https://hello.example.com/', { headers })
  expect(seen).toEqual([{ url: 'https://hello.example.com/', authorization: 'Bearer secret' }])
})

test.each([
  ['a domain that is none', JSON.stringify({ domain: 'x@thief.test/', nodes: [] })], ['no http', JSON.stringify({ domain: 'example.com', nodes: [node('file:///etc')] })],
  ['more than can be', JSON.stringify({ domain: 'example.com', nodes: [], rest: 'x'.repeat(600_000) })], ['no JSON', '<html>'],
  ['prototypes', '{"__proto__":{"domain":"thief.test","nodes":[]},"constructor":{"prototype":{"stolen":1}}}'],
])('a list with %s is none, and calls go to the door', async (_what, list) => {
  await open('https://example.com', list).fetch('hello/', { headers })
  expect(seen.map(({ url }) => url)).toEqual(['https://hello.example.com/'])
  expect('stolen' in {}).toBe(false)
})

test('an invoker that is closed asks nobody any more', async () => {
  const closing = open('https://example.com', JSON.stringify({ domain: 'example.com', nodes: [] }))
  await closing.close()
  await expect(closing.fetch('hello')).rejects.toMatchObject({ name: 'AbortError' })
  await closing.nodes()
  expect(asked).toBe(0)
})
