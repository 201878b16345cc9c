import { SkerryError } from '../errors/index.ts'
import { detectWrk } from './load/wrk.ts'
import { describeMachine, gitRevision, loadAverage } from './machine.ts'
import { deno } from './peers/deno.ts'
import { nodeHttp } from './peers/node-http.ts'
import type { Peer, PeerName } from './peers/peer.ts'
import { skerry } from './peers/skerry.ts'
import { workerd } from './peers/workerd.ts'
import { RemainingTime } from './remaining-time.ts'
import { describeRound } from './report/format.ts'
import { type BenchmarkReport, peerResult, type RowResult } from './results.ts'
import { type Failure, measureInRounds } from './rounds.ts'
import { type CaseRound, loadRows, type Row, rows } from './rows/index.ts'
import { type RowName, rowNames, type Settings } from './settings.ts'
import { judgeGuards, judgeTargets } from './targets.ts'

export interface RunOptions {
  readonly asked: readonly RowName[]
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
  const asked = rowNames.filter((name) => options.asked.includes(name)).map((name) => rows[name])
  const remaining = new RemainingTime(asked.map(({ weight }) => weight), () => performance.now())
  const failures: Failure[] = []
  const results: RowResult[] = []
  for (const [index, row] of asked.entries()) {
    const beginsAt = performance.now()
    const peers = present.filter(({ name }) => row.peers.includes(name))
    const measured = await measureInRounds<Readonly<Record<string, CaseRound>>>({
      row: row.name, peers, rounds: row.rounds(settings),
      measure: async (peer, context) => await row.measure(peer, context, settings),
      describe: (round) => Object.values(round).map(describeRound).join('; '),
      progress: (text) => options.progress(`[${index + 1}/${asked.length}] ${text}`),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    failures.push(...measured.failures)
    results.push(gather(row, peers, measured.results, settings, Math.round((performance.now() - beginsAt) / 1_000)))
    options.progress(`[${index + 1}/${asked.length}] ${row.name} is done, ${remaining.done(row.weight)}`)
  }
  return {
    format: 2,
    startedAt: started.toISOString(),
    durationSeconds: Math.round((Date.now() - started.getTime()) / 1_000),
    quick: options.quick,
    gitRevision: await gitRevision(),
    machine: describeMachine(),
    loadAverage: { before, after: loadAverage() },
    versions, absent, settings,
    rows: results,
    targets: judgeTargets(results),
    guards: judgeGuards(results),
    failures,
  }
}

function gather(
  row: Row, peers: readonly Peer[], measured: ReadonlyMap<PeerName, readonly Readonly<Record<string, CaseRound>>[]>, settings: Settings, seconds: number,
): RowResult {
  const cases = row.cases(settings).map(({ name, title }) => {
    const results = peers.flatMap((peer) => {
      const rounds = (measured.get(peer.name) ?? []).flatMap((round) => round[name] ?? [])
      return rounds.length === 0 ? [] : [peerResult(peer, rounds, row.method?.(peer))]
    })
    return { name, title, peers: results }
  })
  return { name: row.name, title: row.title, about: row.about(settings), decides: row.decides, seconds, cases }
}

/** Skerry and the bare server always take part; a peer that can't is named with the reason. */
async function findPeers(options: RunOptions): Promise<Pick<BenchmarkReport, 'absent' | 'versions'> & { readonly present: readonly Peer[] }> {
  const versions: Record<string, string> = { node: process.version.slice(1) }
  if (options.asked.some((name) => loadRows.includes(name))) {
    const wrk = await detectWrk()
    if (wrk === null) {
      throw new SkerryError('invalid_request', `${loadRows.join(', ')} need the load generator wrk, which is not installed: `
        + 'run `apt-get install wrk` (or `brew install wrk`), or ask for others by --only.')
    }
    versions['wrk'] = wrk
  }
  const present: Peer[] = []
  const absent: { peer: PeerName; reason: string }[] = []
  for (const peer of [skerry, workerd, deno, nodeHttp]) {
    const isAsked = peer === skerry || peer === nodeHttp || options.peers.includes(peer.name)
    if (!isAsked || !options.asked.some((name) => rows[name].peers.includes(peer.name))) continue
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
