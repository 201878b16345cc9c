import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestEdge, type TestEdge, type TestEdgeOptions } from './index.ts'

let directory = ''
let edge: TestEdge | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-testing-'))
})
afterEach(async () => {
  await edge?.close()
  edge = undefined
  await rm(directory, { recursive: true, force: true })
})

async function open(options: TestEdgeOptions): Promise<TestEdge> {
  edge = await startTestEdge(options)
  return edge
}

async function writeProject(script: string): Promise<void> {
  await mkdir(join(directory, 'src'))
  await writeFile(join(directory, 'skerry.jsonc'), '{ "name": "app", "main": "src/index.ts", "env": { "A": "plain" }, "regions": ["sin"] }')
  await writeFile(join(directory, 'src', 'index.ts'), script)
}

test('serves a project with its values and development secrets, and keeps its logs', async () => {
  await writeProject(`
    export default { fetch(request: Request, env: Record<string, string>): Response {
      console.log('seen', new URL(request.url).pathname)
      return Response.json({ ...env, method: request.method })
    } }`)
  await writeFile(join(directory, '.dev.vars'), 'SECRET=hush\n')
  const { fetch, logs } = await open({ directory })
  const response = await fetch('/path', { method: 'POST', body: 'x' })
  expect(await response.json()).toEqual({ A: 'plain', SECRET: 'hush', method: 'POST' })
  expect(response.headers.get('x-skerry-region')).toBe('fra')
  await expect.poll(() => logs.map(({ text }) => text)).toEqual(['seen /path'])
})

test('answers at the host name of each function', async () => {
  const { fetch, url } = await open({ script: 'export default { fetch: (request) => new Response(new URL(request.url).hostname) }', config: { name: 'one' } })
  const response = await fetch(url.replace('127.0.0.1', 'one.localhost'))
  expect(await response.text()).toBe('one.localhost')
})

test('maps the stack of an exception to the sources', async () => {
  await writeProject('function fail(): never {\n  throw new Error("oh no")\n}\nexport default { fetch: () => fail() }')
  const { fetch, logs } = await open({ directory })
  expect((await fetch('/')).status).toBe(500)
  await expect.poll(() => logs[0]?.stack).toContain('src/index.ts:2:9')
})

test('holds a function to its limits', async () => {
  const { fetch } = await open({ script: 'export default { fetch() { for (;;); } }', config: { limits: { cpuMs: 20 } } })
  const response = await fetch('/')
  expect(response.status).toBe(503)
  expect(response.headers.get('x-skerry-error')).toBe('cpu_limit_exceeded')
})

test('refuses what does not load, with the place in the sources, and settings that are not valid', async () => {
  await writeProject('\nthrow new Error("at load")\nexport default {}')
  await expect(startTestEdge({ directory })).rejects.toMatchObject({ code: 'load_failed', message: expect.stringContaining('src/index.ts:2:') })
  await expect(startTestEdge({ script: '', config: { limits: { cpuMs: 0 } } })).rejects.toMatchObject({ code: 'config_invalid', field: 'limits.cpuMs' })
})
