/**
 * The package as people get it: packed, installed into an empty project from its tarball, and used through `npx skerry`, with no
 * Node newer than the machine's own on the path.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const installTimeoutMs = 300_000
const runTimeoutMs = 90_000

let workspace = ''
let project = ''
const running: ChildProcess[] = []

const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules')).join(delimiter)
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^(?:npm_|NODE_OPTIONS$|VITEST|SKERRY_|INIT_CWD$)/.test(key)),
)

interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

function start(command: string, args: readonly string[], directory: string): ChildProcess {
  const child = spawn(command, args, { cwd: directory, env: { ...environment, PATH: path, CI: '1' }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  running.push(child)
  return child
}

function run(command: string, args: readonly string[], directory: string): Promise<Outcome> {
  const child = start(command, args, directory)
  let out = ''
  let error = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    error += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, out, error }))
  })
}

async function succeed(command: string, args: readonly string[], directory: string): Promise<string> {
  const { code, out, error } = await run(command, args, directory)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${out}\n${error}`)
  return out
}

interface Service<T> {
  readonly ready: T
  stop(): Promise<void>
}

/** Starts what goes on running and waits for the line of JSON that tells that it is ready. */
async function serve(args: readonly string[], directory: string): Promise<Service<Record<string, unknown>>> {
  const child = start('npx', ['skerry', ...args, '--json'], directory)
  let error = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    error += chunk.toString()
  })
  const exited = new Promise<void>((resolve) => {
    child.on('close', () => resolve())
  })
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.on('close', (code) => reject(new Error(`skerry ${args.join(' ')} ended with ${code}\n${error}`)))
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)))
  })
  return {
    ready,
    async stop() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
      await exited
    },
  }
}

/** Node's resolver does not know names below localhost, so the host is named in the header. */
function getAs(host: string, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      text(response).then(resolve, reject)
    }).on('error', reject)
  })
}

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'skerry-package-'))
  project = join(workspace, 'my-app')
  await mkdir(project)
  await succeed('npm', ['pack', '--pack-destination', workspace], root)
  const tarball = (await readdir(workspace)).find((name) => name.endsWith('.tgz')) ?? ''
  await writeFile(join(project, 'package.json'), '{ "name": "my-app", "private": true, "type": "module" }')
  await succeed('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(workspace, tarball)], project)
}, installTimeoutMs)

afterAll(async () => {
  for (const child of running) {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  await rm(workspace, { recursive: true, force: true })
})

test('the package holds what it needs and nothing of the sources', async () => {
  const files = await readdir(join(project, 'node_modules', 'skerry'), { recursive: true })
  expect(files).toEqual(expect.arrayContaining(['bin/skerry.js', 'schema/skerry.schema.json', 'dist/sdk/index.d.ts', 'dist/sdk/invoke/browser.bundle.js', 'dist/runtime/supervisor/guest.js']))
  expect(files.filter((file) => /\.test\.|^(?:test|control-plane|runtime)\//.test(file))).toEqual([])
})

test('init, dev and deploy to a cluster work', async () => {
  await succeed('npx', ['skerry', 'init', 'hello', '--json'], project)
  const directory = join(project, 'hello')
  expect(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))).toMatchObject({ name: 'hello' })

  const dev = await serve(['dev', '--port', '18787'], directory)
  const greeting = await fetch(`${String(dev.ready['url'])}/?name=dev`)
  expect(await greeting.text()).toBe('Hello, dev!\n')
  await dev.stop()

  const cluster = await serve(['cluster', '--port', '18080', '--regions', 'fra'], project)
  const deployed: unknown = JSON.parse(await succeed('npx', ['skerry', 'deploy', 'hello', '--json'], project))
  expect(deployed).toMatchObject({ function: 'hello', nodes: [{ node: 'fra-1', region: 'fra' }] })
  const script = `
    import { createClient } from 'skerry'
    import { createInvoker } from 'skerry/invoke'
    import { startTestEdge } from 'skerry/testing'
    import { readFileSync } from 'node:fs'
    if (typeof createInvoker !== 'function') throw new Error('skerry/invoke lacks createInvoker')
    const client = createClient(JSON.parse(readFileSync('.skerry/credentials.json', 'utf8')))
    const names = (await client.functions()).map(({ name }) => name)
    await client.close()
    const edge = await startTestEdge({ script: 'export default { fetch: () => new Response("in a test") }' })
    const tested = await (await edge.fetch('/')).text()
    await edge.close()
    const compatible = await startTestEdge({ directory: 'compatible' })
    const compared = await (await compatible.fetch('/')).json()
    await compatible.close()
    console.log(JSON.stringify({ names, tested, compared }))
  `
  await writeFile(join(project, 'list.js'), script)
  await mkdir(join(project, 'compatible'))
  await writeFile(join(project, 'compatible', 'skerry.jsonc'), '{ "name": "compatible", "main": "index.js" }')
  await writeFile(join(project, 'compatible', 'index.js'), `
    import { AsyncLocalStorage } from 'node:async_hooks'
    import { createHash } from 'node:crypto'
    import { Readable } from 'node:stream'
    const storage = new AsyncLocalStorage()
    export default { fetch: () => storage.run('store', async () => {
      const chunks = await Readable.from(['a', 'b']).toArray()
      return Response.json([storage.getStore(), chunks.join(''), createHash('md5').update(Buffer.from('x')).digest('hex')])
    }) }`)
  const outcome: unknown = JSON.parse(await succeed('npx', ['node', 'list.js'], project))
  expect(outcome).toEqual({ names: ['hello'], tested: 'in a test', compared: ['store', 'ab', '9dd4e461268c8034f5c8564e155c67a6'] })
  expect(await getAs('hello.localhost', `${String(cluster.ready['gateway'])}/?name=edge`)).toBe('Hello, edge!\n')
  await cluster.stop()
}, runTimeoutMs)
