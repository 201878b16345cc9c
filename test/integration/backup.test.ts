import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { ApiClient } from '../../control-plane/testing/api-client.ts'
import { done } from '../../control-plane/testing/harness.ts'
import { type EdgeNode, startEdgeNode } from '../../edge-node/index.ts'
import { runCli } from '../../sdk/cli/run.ts'
import { exchangeRaw } from '../helpers/raw-http.ts'
import { until } from '../helpers/until.ts'

/** Backup, restore, migrate and verify as an operator uses them, with a control plane and a node that run functions. */

let root: string
let plane: ControlPlane
let node: EdgeNode

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'skerry-backup-'))
  await start('data', 0)
  node = await startEdgeNode({
    name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: plane.nodeToken,
    dataDirectory: join(root, 'node'), domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [], forwarder: false,
    runtime: { blankIsolates: 1, spareCells: 1 }, onNotice: () => undefined,
  })
  await node.ready()
})
afterAll(async () => {
  await node.close()
  await plane.close()
  await rm(root, { recursive: true, force: true })
})

async function start(data: string, port = Number(new URL(plane.url).port)): Promise<void> {
  plane = await startControlPlane({ port, dataDirectory: join(root, data), log: () => undefined })
}

/** Runs `skerry ... --json` in this process. */
async function skerry(...argv: readonly string[]): Promise<{ readonly code: number; readonly json: unknown }> {
  let out = ''
  const code = await runCli([...argv, '--json'], {
    workingDirectory: root, environment: { SKERRY_URL: plane.url, SKERRY_TOKEN: plane.adminToken }, stdin: Readable.from([]), isInteractive: false, hasColors: false,
    writeOut: (text) => void (out += text), writeError: () => undefined, stopped: new AbortController().signal,
  })
  return { code, json: JSON.parse(out) as unknown }
}

const client = (): ApiClient => new ApiClient(plane.url, plane.adminToken)

const isConnected = (): Promise<true> =>
  until('the node is connected', async () => ((await client().json('GET', '/v1/nodes')) as { nodes: Array<{ connected: boolean }> }).nodes[0]?.connected || undefined)

const deploy = async (name: string, answer: string) =>
  done(await client().deploy(name, `export default { fetch: (request, env) => new Response('${answer} ' + env.KEY) }`))

const serves = (name: string, text: string): Promise<true> =>
  until(`${name} answers ${text}`, async () =>
    (await exchangeRaw(node.url, `GET / HTTP/1.1\r\nHost: ${name}.localhost\r\nConnection: close\r\n\r\n`)).includes(text) || undefined)

const refusal = (code: string, detail: string) => ({ code: 1, json: { error: { code, detail: expect.stringContaining(detail) as string } } })

test('a node that is ahead of the backup serves what the backup says, and later deployments reach it', async () => {
  await client().json('PUT', '/v1/functions/hello/secrets/KEY', { value: 'kept secret' })
  await deploy('hello', 'first')
  const backup = await skerry('backup', 'backup.tar')
  expect(backup).toMatchObject({ code: 0, json: { file: join(root, 'backup.tar'), counts: { functions: 1, versions: 1, artifacts: 1 }, missing: [] } })
  expect((await readFile(join(root, 'backup.tar'))).includes('kept secret')).toBe(false)
  await deploy('hello', 'second')
  await deploy('late', 'late')
  await serves('hello', 'second kept secret')
  await serves('late', 'late')

  expect(await skerry('restore', 'backup.tar', '--data', 'data', '--force')).toMatchObject(refusal('conflict', 'in use'))
  await plane.close()
  expect(await skerry('restore', 'backup.tar', '--data', 'data')).toMatchObject(refusal('conflict', '--force'))
  expect(await skerry('restore', 'absent.tar', '--data', 'data', '--force')).toMatchObject(refusal('not_found', 'absent.tar'))
  expect(await skerry('restore', 'backup.tar', '--data', 'data', '--force')).toMatchObject({ code: 0, json: { counts: { versions: 1 } } })
  await start('data')

  await serves('hello', 'first kept secret')
  await serves('late', 'function_not_found')
  expect((await deploy('hello', 'third')).nodes).toMatchObject([{ node: 'fra-1' }])
  await serves('hello', 'third kept secret')
}, 60_000)

test('a backup is refused without its key, and where it is damaged', async () => {
  await mkdir(join(root, 'elsewhere'))
  expect(await skerry('restore', 'backup.tar', '--data', 'elsewhere')).toMatchObject(refusal('key_mismatch', 'no master key'))
  await writeFile(join(root, 'elsewhere', 'secret.key'), randomBytes(32))
  expect(await skerry('restore', 'backup.tar', '--data', 'elsewhere')).toMatchObject(refusal('key_mismatch', 'secret.key'))
  const whole = await readFile(join(root, 'backup.tar'))
  await writeFile(join(root, 'half.tar'), whole.subarray(0, whole.length / 2))
  expect(await skerry('verify', 'half.tar')).toMatchObject(refusal('archive_invalid', 'cut off'))
  expect(await skerry('verify', 'backup.tar')).toMatchObject({ code: 0, json: { counts: { versions: 1 } } })
  await copyFile(join(root, 'data', 'secret.key'), join(root, 'elsewhere', 'secret.key'))
  expect(await skerry('restore', 'half.tar', '--data', 'elsewhere')).toMatchObject(refusal('archive_invalid', 'cut off'))
  expect(await readdir(join(root, 'elsewhere'))).toEqual(['secret.key'])
}, 60_000)

test('on a disk without room nothing is left behind by halves', async (context) => {
  const disk = join(root, 'disk')
  await mkdir(join(disk, 'state'), { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    context.skip('only root may mount a small disk')
    return
  }
  try {
    expect(await skerry('backup', join(disk, 'backup.tar'))).toMatchObject(refusal('storage_full', 'backup.tar'))
    expect(await readdir(disk)).toEqual([])
    await mkdir(join(disk, 'state'))
    await copyFile(join(root, 'data', 'secret.key'), join(disk, 'state', 'secret.key'))
    expect(await skerry('restore', 'backup.tar', '--data', join(disk, 'state'))).toMatchObject(refusal('storage_full', 'full'))
    expect(await readdir(join(disk, 'state'))).toEqual(['secret.key'])
  } finally {
    execFileSync('umount', ['-l', disk])
  }
}, 60_000)

test('a state moves to another place with all it has, and what is wrong with one is said', async () => {
  await plane.close()
  await mkdir(join(root, 'moved'))
  await copyFile(join(root, 'data', 'secret.key'), join(root, 'moved', 'secret.key'))
  expect(await skerry('migrate', '--from', 'data', '--to', 'moved')).toMatchObject({ code: 0, json: { counts: { versions: 2 }, missing: [] } })
  expect(await skerry('verify', '--data', 'moved')).toMatchObject({ code: 0, json: { findings: [] } })
  await start('moved')
  await isConnected()
  expect((await deploy('hello', 'fourth')).nodes).toMatchObject([{ node: 'fra-1' }])
  await serves('hello', 'fourth kept secret')

  const file = join(root, 'data', 'control-plane.db')
  const bytes = await readFile(file)
  bytes.fill(0x5a, 8_192, 16_384)
  await writeFile(file, bytes)
  expect(await skerry('verify', '--data', 'data')).toMatchObject({ code: 1, json: { findings: expect.arrayContaining([{ subject: join(root, 'data'), problem: expect.any(String) as string }]) as unknown } })
  await expect(startControlPlane({ port: 0, dataDirectory: join(root, 'data'), log: () => undefined })).rejects.toMatchObject({ code: 'storage_corrupt' })
  expect((await readFile(file)).equals(bytes)).toBe(true)
}, 60_000)
