import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../helpers/command.ts'
import { failuresOf, startSteadyLoad } from '../helpers/steady-load.ts'
import { clusterTimeoutMs, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'
import { until } from '../helpers/until.ts'

/** Processes are killed while clients ask. */

const singapore = { 'x-skerry-location': '1.35,103.82' }
const testTimeoutMs = 60_000
let cluster: TestCluster
let gateway = ''

beforeAll(async () => {
  cluster = await startTestCluster({ regions: ['fra', 'iad', 'sin'] })
  gateway = cluster.cluster.description.gateway
  await cluster.deploy({ where: 'export default { fetch: (request) => new Response(request.skerry.region) }' })
  await cluster.deploy({ local: 'export default { fetch: (request) => new Response(request.skerry.region) }' }, { regions: ['sin'] })
}, clusterTimeoutMs)

afterAll(() => cluster?.close(), clusterTimeoutMs)

/** Ends a process of the cluster the hard way and resolves when it is another that runs. */
async function kill(label: string): Promise<{ readonly restarted: Promise<unknown> }> {
  const before = cluster.cluster.processIds()[label]
  if (before === undefined) throw new Error(`${label} does not run`)
  process.kill(before, 'SIGKILL')
  const restarted = until(`${label} runs again`, () => cluster.cluster.processIds()[label] !== before, testTimeoutMs)
  restarted.catch(() => undefined)
  return { restarted }
}

const askFromSingapore = () => cluster.call(gateway, 'where', '/', { headers: singapore })

test('a function that may run in one region is answered from there, whichever door is asked', async () => {
  for (const door of [gateway, ...cluster.cluster.description.nodes.map(({ url }) => url)]) {
    const body = 'x'.repeat(100_000)
    for (const options of [{}, { method: 'POST', body } as const]) {
      const answer = await cluster.call(door, 'local', '/', options)
      expect([answer.status, answer.text, answer.headers['x-skerry-region']]).toEqual([200, 'sin', 'sin'])
    }
  }
})

test('a node is killed under load: no GET fails, the next nearest answers, and the node comes back', async () => {
  const load = startSteadyLoad({ workers: 12, ask: askFromSingapore })
  await load.more(5)
  await until('the nearest answers', () => load.samples.at(-1)?.answer?.text === 'sin')
  const { restarted } = await kill('sin-1')
  await until('the next nearest answers', () => load.samples.at(-1)?.answer?.text === 'fra')
  await restarted
  await until('the nearest answers again', () => load.samples.at(-1)?.answer?.text === 'sin')
  await load.more(5)
  const samples = await load.stop()
  expect(failuresOf(samples)).toEqual([])
}, testTimeoutMs)

test('while the only region of a function is away it is refused clearly, and answered again afterwards', async () => {
  const { restarted } = await kill('sin-1')
  const refused = await until('it is refused', async () => {
    const answer = await cluster.call(gateway, 'local')
    // One that had begun there is told so; all that come later, that nobody can answer.
    return answer.status === 200 || answer.headers['x-skerry-error'] === 'isolate_crashed' ? undefined : answer
  })
  expect([refused.status, refused.headers['x-skerry-error']]).toEqual([503, 'no_healthy_node'])
  expect(refused.headers['retry-after']).toMatch(/^\d+$/)
  expect((await cluster.call(gateway, 'where')).status).toBe(200)
  await restarted
  await until('it is answered again', async () => (await cluster.call(gateway, 'local')).text === 'sin')
}, testTimeoutMs)

test('the gateway is killed and comes back at its address', async () => {
  const { restarted } = await kill('gateway')
  await restarted
  await until('it answers', async () => (await askFromSingapore()).text === 'sin')
}, testTimeoutMs)

test('without the control plane nodes serve, restart and serve from their disks; deploying says so and works again afterwards', async () => {
  const folder = join(cluster.directory, 'data', 'control-plane')
  const { controlPlane, token } = cluster.cluster.description
  const directory = await cluster.writeFiles('late', {
    'skerry.jsonc': '{ "name": "late", "main": "index.js" }',
    'index.js': 'export default { fetch: () => new Response("late") }',
  })
  const deploy = () => runCommand(['deploy', '--json'], { directory, environment: { SKERRY_URL: controlPlane, SKERRY_TOKEN: token } })

  // With a file in the place of its folder it can not start again.
  await rename(folder, `${folder}.kept`)
  await writeFile(folder, '')
  const before = cluster.cluster.processIds()['control-plane'] ?? 0
  process.kill(before, 'SIGKILL')
  await until('it is gone', () => fetch(`${controlPlane}/healthz`).then(() => false, () => true))

  const load = startSteadyLoad({ workers: 4, ask: askFromSingapore })
  await load.more(5)
  const { code, out, error } = await deploy()
  expect(code).toBe(3)
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'server_unreachable', detail: expect.stringContaining(controlPlane) as string, remedy: expect.stringContaining('skerry') as string } })
  expect(error).not.toContain('    at ')

  const { restarted } = await kill('fra-1')
  await restarted
  const fromDisk = await until('the node serves from its disk', async () => {
    const answer = await cluster.call(cluster.node('fra-1').url, 'where')
    return answer.status === 200 ? answer : undefined
  })
  expect([fromDisk.text, fromDisk.headers['x-skerry-node']]).toEqual(['fra', 'fra-1'])
  await load.more(5)
  expect(failuresOf(await load.stop())).toEqual([])

  await rm(folder)
  await rename(`${folder}.kept`, folder)
  await until('the control plane is back', () => fetch(`${controlPlane}/healthz`).then(({ ok }) => ok), testTimeoutMs)
  const outcome = await until('every node takes part again', async () => {
    const attempt = await deploy()
    const { nodes } = JSON.parse(attempt.out) as { nodes?: { region: string }[] }
    return nodes?.length === 3 ? attempt : undefined
  })
  expect(outcome.code).toBe(0)
  for (const { url } of cluster.cluster.description.nodes) expect((await cluster.call(url, 'late')).text).toBe('late')
}, testTimeoutMs)
