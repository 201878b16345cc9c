import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { startControlPlane } from '../../control-plane/index.ts'
import { runCommand } from '../helpers/command.ts'
import { clusterTimeoutMs, startTestCluster } from '../helpers/test-cluster.ts'

/** Disks that are full: what is stored stays, what does not fit is refused clearly, and nothing stops serving. */

const megabyte = 1024 * 1024
const cleanUps: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
}, clusterTimeoutMs)

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-full-'))
  cleanUps.push(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A module that nothing compresses. */
const module = (name: string, bytes: number): string => `export default { fetch: () => new Response('${name}') }\n//${randomBytes(bytes / 2).toString('hex')}`

test('a control plane that may grow no further refuses and keeps what it has', async () => {
  const directory = await temporaryDirectory()
  const plane = await startControlPlane({ port: 0, dataDirectory: join(directory, 'data'), maximumBytes: 6 * megabyte, log: () => undefined })
  cleanUps.push(() => plane.close())
  const deploy = async (name: string, bytes: number) => {
    await mkdir(join(directory, name), { recursive: true })
    await writeFile(join(directory, name, 'skerry.jsonc'), `{ "name": "${name}", "main": "index.js" }`)
    await writeFile(join(directory, name, 'index.js'), `export default { fetch: () => new Response(${JSON.stringify(randomBytes(bytes / 2).toString('hex'))}) }`)
    const { code, out } = await runCommand(['deploy', '--json'], { directory: join(directory, name), environment: { SKERRY_URL: plane.url, SKERRY_TOKEN: plane.adminToken } })
    return { code, ...(JSON.parse(out) as { error: { code: string; detail: string; remedy: string } }) }
  }
  // No node is there: the version is stored, inactive, and that is said.
  expect(await deploy('small', 1_000)).toMatchObject({ code: 1, error: { code: 'no_nodes', detail: expect.stringContaining('small') as string, remedy: expect.stringContaining('skerry release') as string } })
  expect(await deploy('large', 8 * megabyte)).toMatchObject({ code: 1, error: { code: 'storage_full', remedy: expect.stringContaining('Free space') as string } })
  const { out } = await runCommand(['functions', '--json'], { directory, environment: { SKERRY_URL: plane.url, SKERRY_TOKEN: plane.adminToken } })
  expect(out).toContain('small')
  expect(out).not.toContain('large')
  expect(await deploy('another', 1_000)).toMatchObject({ code: 1, error: { code: 'no_nodes' } })
})

/** Undefined where this user may mount nothing. */
async function mountSmallDisk(bytes: number): Promise<string | undefined> {
  const directory = await temporaryDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  cleanUps.push(() => void execFileSync('umount', ['-l', directory]))
  return directory
}

test('on a disk that is full a cluster goes on serving, refuses what does not fit, and takes it when there is room', async (context) => {
  const disk = await mountSmallDisk(24 * megabyte)
  if (disk === undefined) {
    context.skip('only root may mount a small disk')
    return
  }
  const cluster = await startTestCluster({ regions: ['fra'], dataDirectory: join(disk, 'data') })
  cleanUps.push(() => cluster.close())
  const serves = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) expect((await cluster.call(cluster.cluster.description.gateway, name)).text).toBe(name)
  }
  await cluster.deploy({ steady: module('steady', 1_000) })
  let refusal: unknown
  let stored = 0
  while (refusal === undefined && stored < 20) {
    const name = `filler-${stored}`
    refusal = await cluster.deploy({ [name]: module(name, 4 * megabyte) }).then(() => undefined, (error: unknown) => error)
    if (refusal === undefined) stored += 1
  }
  expect(refusal).toMatchObject({ code: 'storage_full' })
  expect(stored).toBeGreaterThan(0)
  await serves('steady', ...Array.from({ length: stored }, (_, index) => `filler-${index}`))
  expect(cluster.lines.filter((line) => line.includes('died'))).toEqual([])
  execFileSync('mount', ['-o', `remount,size=${96 * megabyte}`, disk], { stdio: 'ignore' })
  await cluster.deploy({ last: module('last', 4 * megabyte) })
  await serves('steady', 'last')
}, clusterTimeoutMs)
