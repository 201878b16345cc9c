import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startScriptedCluster } from '../../edge-node/routing/testing/scripted-cluster.ts'
import { describeMachine, gitRevision, loadAverage } from '../machine.ts'
import { median, percentile } from '../statistics.ts'
import { dnsperf, type Load, type Outcome } from './dnsperf.ts'
import { domain, type RunningServer, type ServerName, serverNames, startServer } from './servers.ts'

/**
 * `npm run bench:dns`: `skerry dns` beside nsd, which serves a static zone, and the least that node:dgram can do, in one run and in rounds
 * that alternate. Needs dnsperf and nsd. See docs/dns.md.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' }, rate: { type: 'string', default: '5000' } },
})
const [rounds, seconds, rate] = [Number(values.rounds), Number(values.seconds), Number(values.rate)]
const regions = ['fra', 'ams', 'lhr', 'iad', 'ord', 'sfo', 'gru', 'jnb', 'bom', 'sin', 'nrt', 'syd']
const namesAsked = 200
const warmUpSeconds = 4

interface Row {
  readonly udpPerSecond: number[]
  readonly tcpPerSecond: number[]
  readonly cpuMicroseconds: number[]
  readonly latenciesMs: number[]
  lost: number
}

const directory = await mkdtemp(join(tmpdir(), 'skerry-bench-dns-'))
const cluster = await startScriptedCluster(regions)
for (const [index, { info }] of cluster.nodes.entries()) info.url = `http://192.0.2.${index + 1}:8080`
const queries = join(directory, 'queries')
await writeFile(queries, Array.from({ length: namesAsked }, (_, index) => `function-${index}.${domain} A\n`).join(''))
const rowOf = new Map<ServerName, Row>(serverNames.map((name) => [name, { udpPerSecond: [], tcpPerSecond: [], cpuMicroseconds: [], latenciesMs: [], lost: 0 }]))
const loadBefore = loadAverage()
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? serverNames : serverNames.toReversed()) {
      const server = await startServer(name, directory, cluster)
      try {
        await measure(name, server)
      } finally {
        await server.close()
      }
    }
  }
} finally {
  await cluster.close()
  await rm(directory, { recursive: true })
}
report()

async function measure(name: ServerName, server: RunningServer): Promise<void> {
  const row = rowOf.get(name)
  if (row === undefined) return
  const load: Load = { port: server.port, queries, seconds, transport: 'udp' }
  // The compiler's.
  await dnsperf({ ...load, seconds: warmUpSeconds })
  const before = await server.cpuSeconds()
  const udp = await counted(row, load)
  row.cpuMicroseconds.push(((await server.cpuSeconds()) - before) * 1e6 / udp.completed)
  row.udpPerSecond.push(udp.perSecond)
  row.latenciesMs.push(...(await counted(row, { ...load, perSecond: rate })).latenciesMs)
  if (name !== 'bare node:dgram') row.tcpPerSecond.push((await counted(row, { ...load, transport: 'tcp' })).perSecond)
}

async function counted(row: Row, load: Load): Promise<Outcome> {
  const outcome = await dnsperf(load)
  row.lost += outcome.lost
  return outcome
}

function report(): void {
  const whole = (numbers: readonly number[]): string => (numbers.length === 0 ? '–' : Math.round(median(numbers)).toLocaleString('en'))
  const lines = [...rowOf].map(([name, row]) => {
    const latency = (percent: number): string => percentile(row.latenciesMs, percent).toFixed(2)
    return `| ${name} | ${whole(row.udpPerSecond)} | ${median(row.cpuMicroseconds).toFixed(1)} | ${latency(50)} | ${latency(99)} | ${whole(row.tcpPerSecond)} | ${row.lost} |`
  })
  const { cpu, cores, system } = describeMachine()
  process.stdout.write([
    `| server | UDP, queries/s | CPU, µs a query | p50 at ${rate}/s, ms | p99, ms | TCP, queries/s | lost |`, '|---|--:|--:|--:|--:|--:|--:|', ...lines, '',
    `${rounds} rounds of ${seconds} s, medians; load before ${loadBefore.toFixed(1)}, after ${loadAverage().toFixed(1)}. ${cpu}, ${cores} cores, ${system}, Node ${process.version}.`, '',
  ].join('\n'))
  void gitRevision().then((revision) => process.stdout.write(`Revision ${revision ?? 'unknown'}.\n`))
}
