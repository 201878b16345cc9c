import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actions } from './actions.ts'
import { type ChaosCluster, startChaosCluster } from './cluster.ts'
import { Deployer } from './deployer.ts'
import { hostileAccount, startHostileTraffic } from './hostile.ts'
import { type Ledger, startLedger } from './ledger.ts'
import type { Client } from './load/client.ts'
import { createGatewayClient } from './load/gateway-client.ts'
import { createInvokerClient } from './load/invoker-client.ts'
import { createKinds } from './load/kinds.ts'
import { startSockets } from './load/sockets.ts'
import { Tally } from './load/tally.ts'
import { startTraffic, streamsOf } from './load/traffic.ts'
import { CellCensus, measure } from './measure.ts'
import { createRandom } from '../helpers/random.ts'
import { failureText, type Summary, summaryTable } from './report.ts'
import { runSchedule } from './schedule.ts'
import { Timeline } from './timeline.ts'
import { answerChecks, holdingChecks, holdMoreDescriptors, remainderChecks } from './verdict/aftermath.ts'
import { type Check, check } from './verdict/check.ts'
import { happenedChecks } from './verdict/happened.ts'
import { requestChecks } from './verdict/requests.ts'
import { socketChecks } from './verdict/sockets.ts'

const regions = ['fra', 'iad', 'sin']
const accounts = ['acme', hostileAccount]
/** Warm-up with the same load, so that memory is compared with memory under use. */
const warmUpMs = 10_000
const quietMs = 6_000
/** Most connections that nobody uses are gone by then. */
const connectionsMs = 14_000
/** Gateways keep those to nodes for a minute, as nodes offer. */
const keptConnectionsMs = 62_000
const keptLookMs = 8_000
const linesKept = 2_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => {
  setTimeout(resolve, milliseconds)
})

/** Runs all of it in a folder of its own and prints what came of it; answers with the exit code. */
export async function runChaos({ seconds, seed }: { readonly seconds: number; readonly seed: number }): Promise<number> {
  say(`chaos for ${seconds} s, seed ${seed}`)
  const directory = await mkdtemp(join(tmpdir(), 'skerry-chaos-'))
  const timeline = new Timeline()
  const lines: string[] = []
  const onLine = (label: string, line: string): void => {
    lines.push(`${timeline.at(performance.now())} ${label} | ${line}`)
    if (lines.length > linesKept) lines.shift()
    if (/\ba cell\b/.test(line)) timeline.add('cell died', label)
  }
  const ledger = await startLedger()
  let cluster: ChaosCluster | undefined
  try {
    cluster = await startChaosCluster({ regions, accounts, directory, allowOutbound: ledger.origin.address, onLine })
    const census = new CellCensus(cluster)
    const { checks, summary } = await runPhases({ cluster, ledger, timeline, seconds, seed })
    await census.stop()
    await cluster.close()
    const all = [...checks, ...(await remainderChecks(census.seen, join(directory, 'tmp')))]
    say(summaryTable(summary))
    say(failureText(all, timeline, seed, lines))
    const failed = all.filter(({ findings }) => findings.length > 0).length
    say(`${all.length - failed} passed, ${failed} failed`)
    return failed === 0 ? 0 : 1
  } catch (error) {
    say(lines.slice(-50).join('\n'))
    say(`seed ${seed}`)
    throw error
  } finally {
    await cluster?.close()
    await ledger.origin.close()
    await rm(directory, { recursive: true, force: true })
  }
}

interface Stage {
  readonly cluster: ChaosCluster
  readonly ledger: Ledger
  readonly timeline: Timeline
  readonly seconds: number
  readonly seed: number
}

/** Warm-up, chaos, quiet; answers with what held and what was seen. */
async function runPhases({ cluster, ledger, timeline, seconds, seed }: Stage): Promise<{ readonly checks: readonly Check[]; readonly summary: Summary }> {
  const random = createRandom(seed)
  const deployer = new Deployer(cluster, ledger.origin.url)
  await deployer.deployAll()
  const isKnown = deployer.isKnown.bind(deployer)
  const [first, ...others] = cluster.nodes
  const clients: readonly [Client, ...Client[]] = [
    createGatewayClient(cluster.gateways, '52.52,13.41'), createInvokerClient(cluster, first),
    ...others.flatMap((node) => [createGatewayClient(cluster.gateways, `${node.latitude},${node.longitude}`), createInvokerClient(cluster, node)]),
  ]
  const streams = streamsOf(createKinds(isKnown))
  const warmUp = startTraffic({ streams, clients, tally: new Tally(), random: random.fork() })
  await pause(warmUpMs)
  await warmUp.stop()
  await pause(quietMs)
  const before = await measure(cluster)
  say('warm; now the chaos')

  const tally = new Tally()
  const sockets = startSockets(cluster, isKnown)
  const traffic = startTraffic({ streams, clients, tally, random: random.fork() })
  const hostile = await startHostileTraffic(cluster, deployer, timeline, random.fork())
  const actions = new Actions(cluster, timeline, random.fork())
  const cameBack = await runSchedule({ actions, deployer, timeline, random: random.fork(), untilMs: performance.now() + seconds * 1_000 })
    .then(() => [], (error: unknown) => (error instanceof AggregateError ? error.errors : [error]).map(String))
  await Promise.all([hostile.stop(), sockets.stop(), traffic.stop()])
  await Promise.all(clients.map((client) => client.close()))
  say(`quiet, after ${seconds} s`)
  await pause(quietMs)

  const answers = await answerChecks(cluster, deployer)
  await deployer.close()
  await pause(connectionsMs)
  const restsMs = performance.now()
  let after = await measure(cluster)
  // Nobody is waited for any more whom other work on the machine would disturb; .ci/run goes by this line.
  say('at rest, but for connections that are kept')
  while (holdMoreDescriptors(before, after) && performance.now() - restsMs < keptConnectionsMs) {
    await pause(keptLookMs)
    const later = await measure(cluster)
    // Nothing else is given that time.
    after = new Map([...after].map(([label, is]) => [label, { ...is, descriptors: later.get(label)?.descriptors ?? is.descriptors }]))
  }
  const checks = [
    ...requestChecks(tally, ledger, timeline), ...socketChecks(sockets, timeline), check('everything that was disrupted came back', cameBack), ...answers,
    ...holdingChecks(before, after, accounts.length + 1), ...happenedChecks({ timeline, tally, sockets, hostile, deployer, seconds }),
  ]
  return { checks, summary: { tally, sockets, hostile, deployer, timeline, before, after } }
}
