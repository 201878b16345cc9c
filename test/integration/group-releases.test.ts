import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collectDeployment } from '../../sdk/client/index.ts'
import { runCommand } from '../helpers/command.ts'
import { failuresOf, startSteadyLoad } from '../helpers/steady-load.ts'
import { clusterTimeoutMs, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'
import { until } from '../helpers/until.ts'

/** What clients see of releases of several functions, of splits, previews and roll-outs, on real nodes and cells. */

const regions = ['fra', 'sin']
let dataDirectory: string
let cluster: TestCluster

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'skerry-releases-'))
  cluster = await startTestCluster({ regions, dataDirectory })
}, clusterTimeoutMs)

afterAll(async () => {
  await cluster?.close()
  await rm(dataDirectory, { recursive: true, force: true })
}, clusterTimeoutMs)

const nodes = (): readonly string[] => regions.map((region) => cluster.node(`${region}-1`).url)

describe('a function that calls another of its group', () => {
  /** Calls twice with a pause, so that a switch finds requests that have called once and will call again. */
  const caller = (number: number): string => `
let requests = 0
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const call = async () => (await fetch('http://called.localhost/')).text()
export default { async fetch() {
  requests += 1
  const first = await call()
  await wait(requests % 30)
  return new Response(['${number}', first, await call()].join(' '))
} }`
  const called = (number: number): string => `export default { fetch: () => new Response('${number}') }`
  const versions: Record<string, readonly string[]> = {}

  beforeAll(async () => {
    for (const number of [1, 2]) {
      const { functions } = await cluster.deploy({ caller: caller(number), called: called(number) })
      for (const { function: name, version } of functions) versions[name] = [...(versions[name] ?? []), version]
    }
  })
  /** Shares of the first and the second version, for both functions. */
  const release = async (first: number, second: number): Promise<void> => {
    const functions = ['caller', 'called'].map((name) => ({
      name, shares: [first, second].flatMap((percent, index) => (percent === 0 ? [] : [{ version: versions[name]?.[index] ?? '', percent }])),
    }))
    await collectDeployment(cluster.client.releaseGroup({ functions }))
  }

  test('never answers with versions of two releases, however often the group is switched under load', async () => {
    let begun = 0
    let finished = 0
    const load = startSteadyLoad({
      workers: 24, from: () => finished, to: () => begun, ask: (worker) => cluster.call(nodes()[worker % 2] ?? '', 'caller'),
    })
    await load.more(3)
    for (let round = 1; round <= 10; round += 1) {
      begun = round
      await (round % 2 === 1 ? release(100, 0) : release(0, 100))
      finished = round
      await load.more(4)
    }
    const samples = await load.stop()
    expect(failuresOf(samples)).toEqual([])
    expect(samples.length).toBeGreaterThan(1_000)
    expect(new Set(samples.map(({ answer }) => answer?.text))).toEqual(new Set(['1 1 1', '2 2 2']))
    // What began when a switch was over, and ended before the next began, is of that release.
    const strays = samples.filter(({ from, to, answer }) => from === to && answer?.text[0] !== (from % 2 === 1 ? '1' : '2'))
    expect(strays).toEqual([])
  }, 60_000)

  test('is on the same side of a split as what it calls, for each client', async () => {
    await release(50, 50)
    const seen: string[] = []
    for (let client = 0; client < 60; client += 1) {
      const headers = { 'x-skerry-affinity': `client-${client}` }
      const [through, direct] = await Promise.all([
        cluster.call(nodes()[client % 2] ?? '', 'caller', '/', { headers }), cluster.call(nodes()[(client + 1) % 2] ?? '', 'called', '/', { headers }),
      ])
      expect(through.text).toMatch(/^(\d) \1 \1$/)
      expect(direct.text).toBe(through.text[0])
      seen.push(direct.text)
    }
    expect(new Set(seen)).toEqual(new Set(['1', '2']))
  })

  test('goes back with its group by one command', async () => {
    const environment = { SKERRY_URL: cluster.cluster.description.controlPlane, SKERRY_TOKEN: cluster.cluster.description.token }
    await release(0, 100)
    await release(100, 0)
    const run = async (...command: string[]): Promise<void> => {
      const { code, error } = await runCommand([...command, '--json'], { directory: cluster.directory, environment })
      expect(code, error).toBe(0)
    }
    await run('rollback', 'called', '--group')
    expect((await cluster.call(nodes()[0] ?? '', 'caller')).text).toBe('2 2 2')
    const [first = '', second = ''] = versions['called'] ?? []
    await run('release', 'caller', `${versions['caller']?.[0] ?? ''}=100`, 'called', `${first}=100`, `${second}=0`)
    expect((await cluster.call(nodes()[1] ?? '', 'caller')).text).toBe('1 1 1')
  })
})

test('a roll-out takes a good version to all clients and a bad one back, by what nodes report', async () => {
  const good = `export default { fetch: () => new Response('good') }`
  const bad = `export default { fetch() { throw new Error('bad') } }`
  await cluster.deploy({ stays: `${good}\n// old`, improves: `${good}\n// old` })
  const rollout = { steps: [50, 100], everySeconds: 5, margins: { minimumRequests: 20 } }
  const begin = async (name: string, script: string): Promise<void> => {
    const { functions } = await collectDeployment(cluster.client.deploy({ functions: [await cluster.upload(name, script)], activate: false }))
    const { rollout: id } = await collectDeployment(cluster.client.rollouts.start({ ...rollout, functions: [{ name, version: functions[0]?.version ?? '' }] }))
    expect(id).toMatch(/^\w{26}$/)
  }
  await Promise.all([begin('stays', bad), begin('improves', `${good}\n// new`)])
  const load = startSteadyLoad({ workers: 4, ask: (worker) => cluster.call(nodes()[worker % 2] ?? '', worker < 2 ? 'stays' : 'improves') })
  try {
    await until('both roll-outs are over', async () => (await cluster.client.rollouts.list()).every(({ state }) => state !== 'running'), 50_000)
  } finally {
    await load.stop()
  }
  const [stays, improves] = await Promise.all(['stays', 'improves'].map((name) => cluster.client.rollouts.read(name)))
  expect(stays).toMatchObject({ state: 'rolled-back', history: [{ event: 'started' }, { event: 'rolled-back', detail: expect.stringMatching(/^stays: (?:in the last minute )?100\.0 % of \d+ requests failed/) as string }] })
  expect(improves).toMatchObject({ state: 'done', percent: 100 })
  for (const node of nodes()) expect((await cluster.call(node, 'stays')).status).toBe(200)
  const usage = await cluster.client.usage()
  expect(usage.days[0]?.errors).toBeGreaterThan(0)
}, 60_000)

test('a version without traffic answers at its own host name on every node, with the secrets of now, and nowhere else; also after a restart', async () => {
  const script = (number: number): string => `export default { fetch: (request, env) => new Response('${number} ' + env.KEY) }`
  await cluster.deploy({ preview: script(1) })
  await cluster.client.secrets.put('preview', 'KEY', 'first')
  const { activated, functions } = await collectDeployment(cluster.client.deploy({ functions: [await cluster.upload('preview', script(2))], activate: false }))
  expect(activated).toBe(false)
  const host = `${functions[0]?.version.toLowerCase() ?? ''}--preview`
  const expectBoth = async (secret: string): Promise<void> => {
    for (const node of [...nodes(), cluster.cluster.description.gateway]) {
      await until(`${node} shows the preview with the ${secret} secret`, async () => (await cluster.call(node, host)).text === `2 ${secret}`)
      expect((await cluster.call(node, 'preview')).text).toBe(`1 ${secret}`)
      expect((await cluster.call(node, host.replace(/.--/, 'x--'))).status).toBe(404)
    }
  }
  await expectBoth('first')
  await cluster.client.secrets.put('preview', 'KEY', 'second')
  await expectBoth('second')
  await cluster.close()
  cluster = await startTestCluster({ regions, dataDirectory })
  await expectBoth('second')
}, clusterTimeoutMs)
