import { setTimeout as delay } from 'node:timers/promises'
import { startTestCluster } from '../test/helpers/test-cluster.ts'
import { until } from '../test/helpers/until.ts'

/**
 * What a node that is stopped (SIGSTOP: connections are taken, nothing is answered) costs those whose nearest it is. Three rounds on a cluster of real
 * processes: `node benchmarks/silent-node.ts`. One line of JSON a round.
 */
const workers = 20
const pauseMs = 20
const stoppedMs = 3_000

interface Sample {
  readonly tookMs: number
  readonly answeredFrom: string
}

const cluster = await startTestCluster({ regions: ['fra', 'iad', 'sin'] })
const { gateway } = cluster.cluster.description
await cluster.deploy({ where: 'export default { fetch: (request) => new Response(request.skerry.region) }' })
const samples: Sample[] = []
const stopping = new AbortController()
const working = Promise.all(Array.from({ length: workers }, async () => {
  while (!stopping.signal.aborted) {
    const startedMs = performance.now()
    const answeredFrom = await cluster.call(gateway, 'where', '/', { headers: { 'x-skerry-location': '1.35,103.82' } })
      .then(({ status, text }) => (status === 200 ? text : 'failed'), () => 'failed')
    samples.push({ tookMs: performance.now() - startedMs, answeredFrom })
    await delay(pauseMs)
  }
}))
for (let round = 1; round <= 3; round += 1) {
  await until('the nearest answers', () => samples.at(-1)?.answeredFrom === 'sin')
  const processId = cluster.cluster.processIds()['sin-1']
  if (processId === undefined) throw new Error('sin-1 does not run')
  const from = samples.length
  process.kill(processId, 'SIGSTOP')
  await delay(stoppedMs)
  process.kill(processId, 'SIGCONT')
  const meanwhile = samples.slice(from)
  const tookMs = meanwhile.map((sample) => sample.tookMs).toSorted((left, right) => left - right)
  process.stdout.write(`${JSON.stringify({
    round, requests: meanwhile.length, failed: meanwhile.filter(({ answeredFrom }) => answeredFrom === 'failed').length,
    slowestMs: Math.round(tookMs.at(-1) ?? 0), medianMs: Math.round(tookMs[Math.floor(tookMs.length / 2)] ?? 0), over250Ms: tookMs.filter((ms) => ms > 250).length,
  })}\n`)
}
stopping.abort()
await working
await cluster.close()
