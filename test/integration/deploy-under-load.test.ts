import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collectDeployment } from '../../sdk/client/index.ts'
import { runCommand } from '../helpers/command.ts'
import { failuresOf, type Sample, startSteadyLoad } from '../helpers/steady-load.ts'
import { clusterTimeoutMs, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'

/** What clients see while versions change under them. */

let cluster: TestCluster

beforeAll(async () => {
  cluster = await startTestCluster({ regions: ['fra', 'sin'] })
}, clusterTimeoutMs)

afterAll(() => cluster?.close(), clusterTimeoutMs)

/** A version that tells its number, some of its answers late, some in pieces, so that a switch finds requests in every state. */
const numbered = (number: number): string => `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const encoder = new TextEncoder()
let requests = 0
export default { async fetch(request) {
  requests += 1
  if (requests % 3 === 0) await wait(requests % 40)
  if (requests % 5 !== 0) return new Response('${number}')
  return new Response(new ReadableStream({ async start(controller) {
    controller.enqueue(encoder.encode(''.padEnd(10)))
    await wait(5)
    controller.enqueue(encoder.encode('${number}'))
    controller.close()
  } }))
} }`

const numberOf = ({ answer }: Sample): number => Number(answer?.text)

describe('under load, five versions are deployed and one is rolled back', () => {
  /** What serves after each step. */
  const order = [0, 1, 2, 3, 4, 5, 4]
  const seen: { gateway: readonly Sample[]; node: readonly Sample[] } = { gateway: [], node: [] }

  beforeAll(async () => {
    const gateway = cluster.cluster.description.gateway
    const node = cluster.node('sin-1').url
    await cluster.deploy({ counter: numbered(0) })
    let begun = 0
    let finished = 0
    const stages = { from: () => finished, to: () => begun }
    const places = ['52.52,13.41', '1.35,103.82']
    const loads = [
      startSteadyLoad({
        workers: 20, ...stages, ask: (worker) => cluster.call(gateway, 'counter', '/', { headers: { 'x-skerry-location': places[worker % 2] ?? '' } }),
      }),
      startSteadyLoad({
        workers: 6, ...stages, ask: (worker) => cluster.call(node, 'counter', '/', worker % 2 === 0 ? {} : { method: 'POST', body: 'x'.repeat(1_000) }),
      }),
    ] as const
    await Promise.all(loads.map((load) => load.more(3)))
    for (const number of [1, 2, 3, 4, 5]) {
      begun = number
      const outcome = await cluster.deploy({ counter: numbered(number) })
      expect(outcome.nodes.map(({ region }) => region).toSorted()).toEqual(['fra', 'sin'])
      finished = number
      await Promise.all(loads.map((load) => load.more(3)))
    }
    begun = 6
    await collectDeployment(cluster.client.rollback('counter'))
    finished = 6
    await Promise.all(loads.map((load) => load.more(3)))
    const [throughGateway, throughNode] = await Promise.all(loads.map((load) => load.stop()))
    seen.gateway = throughGateway ?? []
    seen.node = throughNode ?? []
  }, 60_000)

  test.each(['gateway', 'node'] as const)('no request fails through the %s', (door) => {
    expect(seen[door].length).toBeGreaterThan(100)
    expect(failuresOf(seen[door])).toEqual([])
  })

  test.each(['gateway', 'node'] as const)('through the %s only what was active meanwhile answers', (door) => {
    const wrong = seen[door].filter((sample) => !order.slice(sample.from, sample.to + 1).includes(numberOf(sample)))
    expect(wrong).toEqual([])
  })

  test('a node that has switched never goes back', () => {
    // What one worker sees of one node: it asks again when it has been answered.
    const sequences = new Map(Object.entries(seen).flatMap(([door, samples]) => [
      ...Map.groupBy(samples, ({ answer, worker }) => `${String(answer?.headers['x-skerry-node'])} ${door} ${worker}`),
    ]))
    const nodes = new Set([...sequences.keys()].map((key) => key.split(' ')[0]))
    expect(nodes).toEqual(new Set(['fra-1', 'sin-1']))
    for (const [key, samples] of sequences) {
      const numbers = samples.map(numberOf)
      let stage = 0
      for (const number of numbers) {
        stage = order.indexOf(number, stage)
        expect(stage, `${key} saw ${numbers.join(' ')}`).toBeGreaterThanOrEqual(0)
      }
    }
  })

  test('every version served, and the one that was rolled back to serves last', () => {
    expect(new Set([...seen.gateway, ...seen.node].map(numberOf))).toEqual(new Set(order))
    expect(numberOf(seen.gateway.at(-1) as Sample)).toBe(4)
  })
})

describe('a group of two functions', () => {
  const environment = (): Record<string, string> => ({ SKERRY_URL: cluster.cluster.description.controlPlane, SKERRY_TOKEN: cluster.cluster.description.token })
  const script = (number: number): string => `export default { fetch: () => new Response('${number}') }`
  const deployGroup = async (number: number): Promise<void> => {
    const directory = await cluster.writeFiles('group', {
      'skerry.jsonc': '{ "functions": [{ "name": "left", "main": "left.js" }, { "name": "right", "main": "right.js" }] }',
      'left.js': script(number),
      'right.js': script(number),
    })
    const { code, out, error } = await runCommand(['deploy', '--json'], { directory, environment: environment() })
    expect(code, error).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ functions: [{ function: 'left' }, { function: 'right' }], nodes: [expect.anything(), expect.anything()] })
  }

  test('is seen whole by whoever asks for one after the other', async () => {
    await deployGroup(0)
    const node = cluster.node('fra-1').url
    const torn: string[] = []
    const load = startSteadyLoad({
      workers: 8,
      ask: async (worker) => {
        const names = worker % 2 === 0 ? ['left', 'right'] : ['right', 'left']
        const first = await cluster.call(node, names[0] ?? '')
        const second = await cluster.call(node, names[1] ?? '')
        // The second was asked after the first had answered: it may be newer, never older.
        if (Number(second.text) < Number(first.text)) torn.push(`${names[0]} ${first.text}, ${names[1]} ${second.text}`)
        return second
      },
    })
    for (const number of [1, 2, 3]) {
      await load.more(5)
      await deployGroup(number)
    }
    await load.more(5)
    const samples = await load.stop()
    expect(failuresOf(samples)).toEqual([])
    expect(torn).toEqual([])
    expect(new Set(samples.map(numberOf))).toEqual(new Set([0, 1, 2, 3]))
  })

  test('is refused whole where one of it does not load', async () => {
    const directory = await cluster.writeFiles('group', { 'left.js': script(9), 'right.js': '\nthrow new Error("not today")\nexport default {}' })
    const { code, out } = await runCommand(['deploy', '--json'], { directory, environment: environment() })
    expect(code).toBe(1)
    const { error } = JSON.parse(out) as { error: { code: string; detail: string } }
    expect(error.code).toBe('load_failed')
    expect(error.detail).toMatch(/right.*not today[\s\S]*right\.js:2/)
    for (const name of ['left', 'right']) expect((await cluster.call(cluster.node('fra-1').url, name)).text).toBe('3')
  })
})
