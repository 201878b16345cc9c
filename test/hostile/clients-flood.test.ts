import { afterEach, expect, test } from 'vitest'
import { type CountedLoad, startCountedLoad } from '../helpers/counted-load.ts'
import { type EdgeProcess, startEdgeProcess } from '../helpers/edge-process.ts'
import { until } from '../helpers/until.ts'

/** Clients that flood one function: it is held to what the node can do, and no request of another function is refused. */

const connections = 512
/** Enough work for all of the connections to wait seconds, on any machine. */
const busy = `export default { fetch() { let x = 0; for (let i = 0; i < 3_000_000; i++) x += i ^ 3; return new Response(String(x)) } }`
const quiet = `export default { fetch: () => new Response('quiet') }`
const config = { concurrency: { max: 10_000 }, limits: { cpuMs: 1_000, wallMs: 120_000 } }
const patienceMs = 60_000

let edge: EdgeProcess
let loads: CountedLoad[] = []
afterEach(async () => {
  await Promise.all(loads.map((load) => load.stop()))
  loads = []
  await edge.close()
})

const load = (host: string, workers: number): CountedLoad => {
  const started = startCountedLoad(edge.url, host, workers)
  loads.push(started)
  return started
}
const count = (of: CountedLoad, status: number): number => of.byStatus.get(status) ?? 0

test.each([
  ['of the same account, in the same cell', 'default', 'quiet.localhost'],
  ['of another account', 'other', 'quiet.other.localhost'],
])('a flood on one function refuses nothing of another %s', { timeout: 3 * patienceMs }, async (_name, account, host) => {
  edge = await startEdgeProcess({ functions: { busy: { script: busy, config }, quiet: { script: quiet, account } } })
  const flood = load('busy.localhost', connections)
  await until('the flood is refused', () => count(flood, 503) > connections / 4, patienceMs)
  const neighbour = load(host, 4)
  const servedBefore = count(flood, 200)
  await until('the other function answers', () => count(neighbour, 200) >= 20, patienceMs)
  await until('some of the flood is served still', () => count(flood, 200) > servedBefore, patienceMs)

  expect(flood.values('x-skerry-error')).toEqual(new Set(['overloaded']))
  // Spread, so that they do not all come back together.
  expect(flood.values('retry-after')).toEqual(new Set(['1', '2', '3']))
  expect([...neighbour.byStatus.keys()]).toEqual([200])
  expect([neighbour.failures, flood.failures]).toEqual([[], []])
})
