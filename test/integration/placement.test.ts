import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Origin, startOrigin } from '../helpers/origin.ts'
import { type Answer, clusterTimeoutMs, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'

/**
 * A function that asks its back end three times, one after the other, by two nodes: the one in London stands beside the back end, the one in Frankfurt
 * has a path to it on which each packet takes 12 ms.
 */

const oneWayMs = 12
const script = `export default {
  async fetch(request, env) {
    const backEnd = request.skerry.region === 'lhr' ? env.NEAR : env.FAR
    const body = await request.text()
    let text = ''
    if (new URL(request.url).pathname !== '/static') for (let round = 0; round < 3; round++) text += await (await fetch(backEnd + '/' + round)).text()
    return new Response(text + body)
  },
}`

let cluster: TestCluster
let origin: Origin
let path: Server
const sockets = new Set<Socket>()

beforeAll(async () => {
  origin = await startOrigin((request, response) => response.end(request.url?.slice(1)))
  path = createServer((near) => {
    const far = connect(Number(new URL(origin.url).port), '127.0.0.1')
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from)
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), oneWayMs)).on('error', () => undefined).on('close', () => to.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(path, 'listening')
  const far = `127.0.0.1:${(path.address() as AddressInfo).port}`
  cluster = await startTestCluster({ regions: ['fra', 'lhr'], allowOutbound: [origin.address, far] })
  const env = { NEAR: origin.url, FAR: `http://${far}` }
  await cluster.deploy({ placed: script }, { env, placement: { mode: 'smart' } })
  await cluster.deploy({ unplaced: script }, { env })
}, clusterTimeoutMs)

afterAll(async () => {
  await cluster?.close()
  for (const socket of sockets) socket.destroy()
  path.close()
  await origin.close()
})

interface Timed extends Answer {
  readonly ms: number
}

async function call(name: string, region: string, pathName = '/', options: Parameters<TestCluster['call']>[3] = {}): Promise<Timed> {
  const startedMs = performance.now()
  const answer = await cluster.call(cluster.node(`${region}-1`).url, name, pathName, options)
  return { ...answer, ms: performance.now() - startedMs }
}

const where = ({ headers }: Answer): unknown => headers['x-skerry-placement']
const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0

it('moves to the node beside the back end when it was measured that this is quicker, and back when that node dies, without losing a safe request', async () => {
  const answers: Timed[] = []
  for (let isMoved = false; !isMoved && answers.length < 400;) {
    answers.push(await call('placed', 'fra'))
    isMoved = answers.length > 16 && answers.slice(-16).every((answer) => where(answer) === 'remote')
  }
  expect(answers.every(({ status, text }) => status === 200 && text === '012')).toBe(true)
  const local = answers.filter((answer) => where(answer) === 'local')
  const after: Timed[] = []
  for (let index = 0; index < 20; index += 1) after.push(await call('placed', 'fra'))
  const remote = after.filter((answer) => where(answer) === 'remote')
  expect(remote.length).toBeGreaterThan(15)
  expect(remote[0]?.headers).toMatchObject({ 'x-skerry-node': 'lhr-1', 'x-skerry-region': 'lhr' })
  expect(median(remote.map(({ ms }) => ms)) / median(local.map(({ ms }) => ms))).toBeLessThan(0.6)

  // What has a body goes there as well, and is not lost on the way.
  const post = await call('placed', 'fra', '/', { method: 'POST', body: ' and a body' })
  expect([where(post), post.text]).toEqual(['remote', '012 and a body'])
  // Beside the back end nothing is to be gained, and what did not ask for it is not moved.
  expect(where(await call('placed', 'lhr'))).toBe('local')
  const unplaced = await call('unplaced', 'fra')
  expect([unplaced.headers['x-skerry-node'], where(unplaced)]).toEqual(['fra-1', undefined])

  const flying = Array.from({ length: 8 }, async () => {
    const seen: Timed[] = []
    while (seen.length < 6 || where(seen.at(-1) ?? post) === 'remote') seen.push(await call('placed', 'fra'))
    return seen
  })
  process.kill(cluster.cluster.processIds()['lhr-1'] ?? 0, 'SIGKILL')
  const seen = (await Promise.all(flying)).flat()
  expect(seen.filter(({ status, text }) => status !== 200 || text !== '012')).toEqual([])
  expect((await call('placed', 'fra')).headers).toMatchObject({ 'x-skerry-placement': 'local', 'x-skerry-node': 'fra-1' })
}, 60_000)
