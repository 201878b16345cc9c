import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import OpenAI, { APIConnectionError } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate } from '../../test/helpers/certificates.ts'
import { createInvoker, type Invoker } from './index.ts'
import { invokerContract } from './testing/contract.ts'
import { type ScriptedNodes, startMute, startScriptedNodes } from './testing/scripted-nodes.ts'

invokerContract('in Node', async () => ({ nodeUrl: (_name, port) => `http://127.0.0.1:${port}`, create: createInvoker }))

test.each(['kill', 'hang'] as const)('no safe call is lost when the nearest goes under load: %s', async (end) => {
  const nodes = await startScriptedNodes(['fra', 'iad'])
  const invoker = createInvoker({ nodes: nodes.listed(), domain: 'example.com', location: { latitude: 52, longitude: 13 } })
  const seen: (string | null)[] = []
  const client = async (): Promise<void> => {
    for (let calls = 0; calls < 20; calls += 1) {
      seen.push(await (await invoker.fetch('http://hello.example.com/')).text())
      if (seen.length === 60) await nodes.at('fra')[end]()
    }
  }
  await Promise.all(Array.from({ length: 10 }, client))
  expect([seen.length, seen[0], seen.at(-1)]).toEqual([200, 'fra-1', 'iad-1'])
  await invoker.close()
  await nodes.close()
})

test('one certificate of the function’s host serves at every address, and no other does', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-invoke-'))
  const pair = makeCertificate(directory, ['*.example.com'])
  const [cert, key] = await Promise.all(['crt', 'key'].map((ending) => readFile(`${pair}.${ending}`, 'utf8')))
  await rm(directory, { recursive: true })
  const trusted = getCACertificates()
  setDefaultCACertificates([...trusted, cert ?? ''])
  const server = createServer({ cert, key }, (request, response) => response.end(`${request.headers.host} ${String((request.socket as TLSSocket).servername)}`))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const invoker = createInvoker({ nodes: [{ name: 'fra-1', region: 'fra', url, latitude: 50, longitude: 8 }], domain: 'example.com', hosts: ['example.org'] })
  try {
    expect(await (await invoker.fetch('https://hello.example.com/')).text()).toBe('hello.example.com hello.example.com')
    await expect(invoker.fetch('https://example.org/')).rejects.toThrow(expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string }) as Error }) as Error)
  } finally {
    await invoker.close()
    server.close()
    setDefaultCACertificates(trusted)
  }
})

test('a library that takes a fetch works by it, and takes its failures for those of the network', async () => {
  const nodes = await startScriptedNodes(['fra', 'iad'])
  const invoker = createInvoker({ nodes: nodes.listed(), domain: 'example.com', location: { latitude: 52, longitude: 13 } })
  const client = new OpenAI({ apiKey: 'key', baseURL: 'http://hello.example.com/v1', fetch: invoker.fetch, maxRetries: 0 })
  nodes.at('iad').script = (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: [{ id: String(request.headers.authorization) }] }))
  }
  await nodes.at('fra').kill()
  expect((await client.models.list()).data).toEqual([{ id: 'Bearer key' }])
  await nodes.close()
  await expect(client.models.list()).rejects.toBeInstanceOf(APIConnectionError)
  await invoker.close()
})

describe('connections that do not come about', () => {
  let nodes: ScriptedNodes
  let mute: Awaited<ReturnType<typeof startMute>>
  let invoker: Invoker
  beforeAll(async () => {
    nodes = await startScriptedNodes(['iad'])
    nodes.at('iad').script = (request, response) => request.pipe(response)
    mute = await startMute()
  })
  afterAll(async () => {
    await invoker.close()
    await nodes.close()
    mute.server.close()
  })

  test('move any call on in under a second, with its stream', async () => {
    const near = { ...nodes.at('iad').node, name: 'fra-1', latitude: 50, longitude: 8, url: `https://127.0.0.1:${mute.port}` }
    const failures: unknown[] = []
    invoker = createInvoker({
      nodes: [near, nodes.at('iad').node], domain: 'example.com', location: { latitude: 52, longitude: 13 },
      onEvent: (event) => event.kind === 'attempt' && failures.push(event.reason),
    })
    const connected = once(mute.server, 'connection')
    const body = new Blob(['streamed']).stream()
    const answer = await invoker.fetch('http://hello.example.com/', { method: 'POST', body, duplex: 'half' })
    await connected
    expect([await answer.text(), failures]).toEqual(['streamed', ['first', 'silent']])
  })

  test('a call by https goes to nobody in the clear', async () => {
    const { length } = nodes.at('iad').calls
    await expect(invoker.fetch('https://hello.example.com/', { timeoutMs: 1_000 })).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(nodes.at('iad').calls).toHaveLength(length)
  })
})
