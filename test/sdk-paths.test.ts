import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createApi } from '../control-plane/api/index.ts'
import type { ApiDependencies } from '../control-plane/api/index.ts'
import { createClient } from '../sdk/client/index.ts'

/** Whatever is asked of it: the routes are looked at, and none is called. */
const anything: unknown = new Proxy(() => undefined, {
  get: (_target, key) => (key === 'then' ? undefined : key === Symbol.toPrimitive ? () => 0 : anything), apply: () => anything,
})

async function documented(): Promise<Array<{ readonly method: string; readonly path: RegExp }>> {
  const response = await createApi(anything as ApiDependencies).request('/v1/openapi.json')
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) })))
}

/** What a client's methods are called with, until one of them leads to a request. */
const version = '01J00000000000000000000001'
const attempts: readonly (readonly unknown[])[] = [
  [], ['hello'], ['hello', 'KEY', 'value'], ['hello', version], ['a'.repeat(64), new Uint8Array()], [{ functions: [] }], ['hello', [{ version, percent: 100 }]],
  ['hello', {}], [{}], ['edge', 'fra-1'], [{ name: 'x', scopes: ['read'] }], ['hello', 'pause'], ['hello', { action: 'pause' }], [new Uint8Array()],
]

/** Calls all methods, those of nested objects too. */
async function callAll(of: object, called: () => number, names: readonly string[] = []): Promise<readonly string[]> {
  const silent: string[] = []
  for (const [name, value] of Object.entries(of) as Array<[string, unknown]>) {
    const path = [...names, name]
    if (typeof value === 'object' && value !== null) silent.push(...(await callAll(value, called, path)))
    if (typeof value !== 'function' || name === 'close') continue
    const before = called()
    for (const values of attempts) {
      if (called() > before) break
      try {
        const answer: unknown = await (value as (...values: readonly unknown[]) => unknown).call(of, ...values)
        if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer) await (answer as AsyncGenerator).next()
      } catch {
        // Refused before or by the server: what counts is what was asked for.
      }
    }
    if (called() === before) silent.push(path.join('.'))
  }
  return silent
}

it('every path that the client calls is in the document of the API', async () => {
  const asked = new Set<string>()
  let count = 0
  const server = createServer((request, response) => {
    asked.add(`${request.method} ${(request.url ?? '').split('?')[0]}`)
    count += 1
    request.resume()
    response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ type: 'x', title: 'x', status: 404, code: 'not_found', detail: 'x' }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const client = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'token' })
  try {
    // Publishing calls what the others call, with a project to read besides.
    expect(await callAll(client, () => count)).toEqual(['publish'])
  } finally {
    await client.close()
    server.close()
  }
  const routes = await documented()
  const unknown = [...asked].filter((one) => {
    const [method = '', path = ''] = one.split(' ')
    return !routes.some((route) => route.method === method && route.path.test(path))
  })
  expect(asked.size).toBeGreaterThan(15)
  expect(unknown).toEqual([])
})
