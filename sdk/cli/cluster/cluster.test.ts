import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, lookupWithLocalhost } from '../../client/index.ts'
import { packageRoot } from '../package-root.ts'
import { type Cluster, type ClusterDescription, startCluster } from './index.ts'

let directory = ''
let cluster: Cluster
const lines: string[] = []
const agent = new Agent({ connect: { lookup: lookupWithLocalhost } })
const berlin = '52.52,13.41'
const singapore = '1.35,103.82'
const startTimeoutMs = 90_000

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-cluster-'))
  await mkdir(join(directory, 'project'))
  await writeFile(join(directory, 'project', 'skerry.jsonc'), '{ "name": "hello", "main": "index.ts" }')
  await writeFile(join(directory, 'project', 'index.ts'), 'export default { fetch: (request) => new Response(request.skerry.region) }')
  cluster = await startCluster({
    regions: ['fra', 'sin'], port: 0, dataDirectory: join(directory, 'data'), domain: 'localhost', allowOutbound: [],
    onLine: (label, line) => lines.push(`${label} | ${line}`),
  })
}, startTimeoutMs)

afterAll(async () => {
  await agent.destroy()
  await cluster?.close()
  await rm(directory, { recursive: true, force: true })
}, startTimeoutMs)

async function callFrom(location: string, url: string): Promise<string> {
  const { statusCode, body } = await request(url, { dispatcher: agent, headers: { 'x-skerry-location': location } })
  const text = await body.text()
  return statusCode === 200 ? text : `${statusCode} ${text}`
}

test('a project is published everywhere and answered in the nearest region', async () => {
  const { controlPlane: url, token } = cluster.description
  const client = createClient({ url, token })
  const published = await client.publish({ directory: join(directory, 'project') })
  expect(published.nodes.map(({ region }) => region).toSorted()).toEqual(['fra', 'sin'])
  const functionUrl = published.functions[0]?.url ?? ''
  expect(await callFrom(berlin, functionUrl)).toBe('fra')
  expect(await callFrom(singapore, functionUrl)).toBe('sin')
  await client.close()
})

test('a process that is killed is started again at its addresses and serves what it had', async () => {
  const node = cluster.description.nodes.find(({ name }) => name === 'sin-1')
  const before = cluster.processIds()['sin-1']
  process.kill(before ?? 0, 'SIGKILL')
  await expect.poll(() => cluster.processIds()['sin-1'], { timeout: 30_000 }).not.toBe(before)
  const own = new URL(node?.url ?? '')
  own.hostname = 'hello.localhost'
  // Asked at the node itself, whatever the gateway thinks of it meanwhile.
  const ask = async (): Promise<string> => {
    const { body } = await request(node?.url ?? '', { headers: { host: own.host } })
    return body.text()
  }
  await expect.poll(() => ask().catch(() => 'away'), { timeout: 30_000 }).toBe('sin')
}, startTimeoutMs)

test('processes whose launcher is killed end by themselves', async () => {
  const launcher = spawn(
    process.execPath,
    [join(packageRoot(), 'bin', 'skerry.js'), 'cluster', '--json', '--regions', 'iad', '--port', '0', '--data', join(directory, 'other')],
    { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const line = await new Promise<string>((resolve) => {
    createInterface({ input: launcher.stdout }).once('line', resolve)
  })
  const description: ClusterDescription = JSON.parse(line)
  const urls = [description.controlPlane, description.gateway, ...description.nodes.map(({ url }) => url)]
  expect(await Promise.all(urls.map(answers))).toEqual([true, true, true])
  launcher.kill('SIGKILL')
  await expect.poll(() => Promise.all(urls.map(answers)), { timeout: 30_000 }).toEqual([false, false, false])
}, startTimeoutMs)

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
