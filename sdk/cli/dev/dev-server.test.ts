import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TailEvent } from '../../../control-plane/protocol/index.ts'
import { type DevServer, type Reload, startDevServer } from './index.ts'

let directory = ''
let server: DevServer | undefined
const reloads: Reload[] = []
const logs: TailEvent[] = []

const writeScript = (script: string): Promise<void> => writeFile(join(directory, 'src', 'index.ts'), script)

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-dev-'))
  await mkdir(join(directory, 'src'))
  await writeFile(join(directory, 'skerry.jsonc'), '{ "name": "app", "main": "src/index.ts" }')
  await writeScript('export default { fetch: (_, env) => new Response("first") }')
  reloads.length = 0
  logs.length = 0
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await rm(directory, { recursive: true, force: true })
})

async function open(): Promise<DevServer> {
  server = await startDevServer({
    directory,
    port: 0,
    dataDirectory: join(directory, '.skerry'),
    onLog: (event) => logs.push(event),
    onReload: (outcome) => reloads.push(outcome),
  })
  return server
}

const nextReload = (count: number): Promise<void> => expect.poll(() => reloads.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)

test('serves the saved version, keeps the last good one over a broken build and one that does not load', async () => {
  const { url } = await open()
  const read = async (): Promise<string> => (await fetch(url)).text()
  expect(await read()).toBe('first')
  await writeScript('export default { fetch: () => new Response("second") }')
  await nextReload(2)
  expect(await read()).toBe('second')
  await writeScript('export default {')
  await nextReload(3)
  expect(reloads[2]).toMatchObject({ kind: 'failed', error: { code: 'bundle_failed' } })
  expect(await read()).toBe('second')
  await writeScript('\nthrow new Error("no"); export default {}')
  await nextReload(4)
  expect(reloads[3]).toMatchObject({ kind: 'failed', error: { code: 'load_failed', message: expect.stringContaining('src/index.ts:2:') } })
  expect(await read()).toBe('second')
  await writeScript('export default { fetch: () => { throw new Error("mapped") } }')
  await nextReload(5)
  expect((await fetch(url)).status).toBe(500)
  await expect.poll(() => logs[0]?.stack).toContain('src/index.ts:1:')
})

test('takes up a changed project file and new secrets', async () => {
  await writeScript('export default { fetch: (_, env) => new Response(JSON.stringify(env)) }')
  const { url } = await open()
  await writeFile(join(directory, 'skerry.jsonc'), '{ "name": "app", "main": "src/index.ts", "env": { "A": "1" } }')
  await nextReload(2)
  await writeFile(join(directory, '.dev.vars'), 'B=2')
  await nextReload(3)
  expect(await (await fetch(url)).json()).toEqual({ A: '1', B: '2' })
})
