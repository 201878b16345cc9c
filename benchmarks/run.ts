import { SkerryError } from '../errors/index.ts'
import { measureColdStart } from './cold-start.ts'
import { latencyConnections, measureLatency } from './latency.ts'
import { detectWrk } from './load/wrk.ts'
import { describeMachine, gitRevision, loadAverage } from './machine.ts'
import { deno } from './peers/deno.ts'
import { nodeHttp } from './peers/node-http.ts'
import type { Peer, PeerName } from './peers/peer.ts'
import { skerry } from './peers/skerry.ts'
import { workerd } from './peers/workerd.ts'
import { type BenchmarkReport, type ColdStartRow, coldStartRow, type LoadRow, loadRow } from './report/rows.ts'
import { type Failure, type Measured, measureInRounds } from './rounds.ts'
import { type Question, questions, type Settings } from './settings.ts'
import { median } from './statistics.ts'
import { judgeTargets } from './targets.ts'
import { measureThroughput } from './throughput.ts'

export interface RunOptions {
  readonly asked: readonly Question[]
  readonly peers: readonly PeerName[]
  readonly settings: Settings
  readonly quick: boolean
  readonly progress: (text: string) => void
  readonly signal?: AbortSignal
}

/** Measures everything that was asked, and gathers it in one report. Only an interrupt or a missing tool makes it reject. */
export async function run(options: RunOptions): Promise<BenchmarkReport> {
  const started = new Date()
  const before = loadAverage()
  const { present, absent, versions } = await findPeers(options)
  const { settings } = options
  const failures: Failure[] = []
  const coldStart: ColdStartRow[] = []
  const latency: LoadRow[] = []
  const throughput: LoadRow[] = []
  const common = { rounds: settings.rounds, progress: options.progress, ...(options.signal === undefined ? {} : { signal: options.signal }) }
  const collect = <T>(measured: Measured<T>, peers: readonly Peer[], add: (peer: Peer, rounds: readonly T[]) => void): void => {
    failures.push(...measured.failures)
    for (const peer of peers) {
      const rounds = measured.results.get(peer.name) ?? []
      if (rounds.length > 0) add(peer, rounds)
    }
  }

  for (const question of questions.filter((each) => options.asked.includes(each))) {
    if (question === 'cold-start') {
      const peers = present.filter((peer) => peer.cold !== undefined)
      collect(await measureInRounds({
        ...common, question, peers,
        measure: async (peer, context) => await measureColdStart(peer, context, settings),
        describe: (round) => `p50 ${median(round.valuesMs).toFixed(2)} ms of ${round.valuesMs.length} first requests`,
      }), peers, (peer, rounds) => coldStart.push(coldStartRow(peer.name, peer.title, peer.coldTitle ?? '', rounds)))
    } else if (question === 'latency') {
      collect(await measureInRounds({
        ...common, question, peers: present,
        measure: async (peer, context) => await measureLatency(peer, context, settings),
        describe: (result) => `p50 ${result.latencyMs.p50.toFixed(3)} ms, p99 ${result.latencyMs.p99.toFixed(3)} ms`,
      }), present, (peer, rounds) => latency.push(loadRow(question, peer.name, peer.title, latencyConnections, rounds)))
    } else {
      collect(await measureInRounds({
        ...common, question, peers: present,
        measure: async (peer, context) => await measureThroughput(peer, context, settings),
        describe: (round) => round
          .map(({ connections, result }) => `${Math.round(result.requestsPerSecond)} requests/s at ${connections} connections`)
          .join(', '),
      }), present, (peer, rounds) => {
        for (const connections of settings.throughputConnections) {
          const results = rounds.flat().filter((each) => each.connections === connections).map((each) => each.result)
          throughput.push(loadRow(question, peer.name, peer.title, connections, results))
        }
      })
    }
  }
  return {
    format: 1,
    startedAt: started.toISOString(),
    durationSeconds: Math.round((Date.now() - started.getTime()) / 1_000),
    quick: options.quick,
    gitRevision: await gitRevision(),
    machine: describeMachine(),
    loadAverage: { before, after: loadAverage() },
    versions, absent, settings, coldStart, latency, throughput,
    targets: judgeTargets(coldStart, throughput),
    failures,
    asked: options.asked,
  }
}

/** Skerry and the bare server always take part; a peer that can't is named with the reason. */
async function findPeers(options: RunOptions): Promise<{
  present: readonly Peer[]
  absent: BenchmarkReport['absent']
  versions: Readonly<Record<string, string>>
}> {
  const versions: Record<string, string> = { node: process.version.slice(1) }
  if (options.asked.some((question) => question !== 'cold-start')) {
    const wrk = await detectWrk()
    if (wrk === null) {
      throw new SkerryError('invalid_request', 'Latency and throughput need the load generator wrk, which is not installed: '
        + 'run `apt-get install wrk` (or `brew install wrk`), or ask for cold-start alone.')
    }
    versions['wrk'] = wrk
  }
  const present: Peer[] = []
  const absent: { peer: PeerName; reason: string }[] = []
  for (const peer of [skerry, workerd, deno, nodeHttp]) {
    if ((peer === workerd || peer === deno) && !options.peers.includes(peer.name)) continue
    const presence = await peer.detect()
    if (presence.present) {
      present.push(peer)
      versions[peer.name] = presence.version
      options.progress(`${peer.title} ${presence.version}`)
    } else {
      absent.push({ peer: peer.name, reason: presence.reason })
      options.progress(`${peer.title}: ABSENT, ${presence.reason}`)
    }
  }
  return { present, absent, versions }
}
