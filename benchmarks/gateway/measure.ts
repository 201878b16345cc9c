import { setTimeout as delay } from 'node:timers/promises'
import type { PeerContext } from '../peers/peer.ts'
import { percentile } from '../statistics.ts'
import { type BackEndName, backEnds } from './back-ends.ts'
import { makeCertificate } from './certificate.ts'
import { runClosedLoad, type Throughput } from './closed-loop.ts'
import { runOpenLoad } from './open-loop.ts'
import { payloads, requestFor } from './payloads.ts'
import { proxies, type ProxyName, type RunningProxy } from './proxies.ts'
import type { Row } from './rows.ts'

/** Who is asked: a proxy, or the server itself. */
export type PartyName = ProxyName | 'direct'

export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
}

/** All rounds of one row: a figure of each party in each. */
export interface RowResult {
  readonly row: Row
  readonly latencies: readonly Readonly<Partial<Record<PartyName, Latency>>>[]
  readonly throughputs: readonly Readonly<Partial<Record<PartyName, Throughput>>>[]
  /** What could not be measured, by whom and why. */
  readonly failures: readonly string[]
}

interface Party {
  readonly name: PartyName
  readonly url: string
  readonly processId: number | undefined
}

export interface MeasureOptions {
  readonly backEnds: BackEndName
  readonly rows: readonly Row[]
  readonly proxies: readonly ProxyName[]
  readonly rounds: number
  readonly seconds: number
  readonly context: PeerContext
}

/** After the start: nodes warm spares, proxies look whether the servers are there. */
const restMs = 3_000
/** Engines compile what is called often: each proxy is loaded for so long before the first round. */
const firstWarmUpSeconds = 3

/**
 * Starts two servers and every proxy before them, then measures row by row and round by round, one party after another, each round in the
 * other order. All of them stay up: at rest they take next to nothing, and no round begins with a cold process.
 */
export async function measureAll(options: MeasureOptions): Promise<readonly RowResult[]> {
  const { context } = options
  const servers = await backEnds[options.backEnds](context)
  try {
    const certificate = await makeCertificate(context.directory)
    const running = new Map<string, RunningProxy>()
    for (const name of options.proxies) {
      for (const workers of ['one', 'default'] as const) {
        if (!options.rows.some((row) => row.workers === workers)) continue
        const started = await proxies[name].start(context, { backEnds: servers, certificate, workers: workers === 'one' ? 1 : undefined })
        running.set(`${name} ${workers}`, started)
      }
    }
    await delay(restMs)
    const partiesOf = (row: Row): Party[] => [
      ...(row.protocol === 'http' ? [{ name: 'direct' as const, url: servers.origins[0] ?? '', processId: undefined }] : []),
      ...options.proxies.flatMap((name) => {
        const proxy = running.get(`${name} ${row.workers}`)
        const entrance = row.protocol === 'http' ? proxy?.plain : proxy?.tls
        return entrance === undefined ? [] : [{ name, ...entrance }]
      }),
    ]
    const results: RowResult[] = []
    const isWarm = new Set<string>()
    for (const row of options.rows) {
      const latencies: Partial<Record<PartyName, Latency>>[] = []
      const throughputs: Partial<Record<PartyName, Throughput>>[] = []
      const failures: string[] = []
      for (let round = 0; round < options.rounds; round += 1) {
        const latency: Partial<Record<PartyName, Latency>> = {}
        const throughput: Partial<Record<PartyName, Throughput>> = {}
        const parties = partiesOf(row)
        for (const party of round % 2 === 0 ? parties : parties.toReversed()) {
          const where = `${row.name}, round ${round + 1} of ${options.rounds}, ${party.name}`
          try {
            if (!isWarm.has(party.url)) await countOnce(row, party, servers.host, { ...options, seconds: firstWarmUpSeconds })
            isWarm.add(party.url)
            if (row.perSecond === undefined) throughput[party.name] = await countOnce(row, party, servers.host, options)
            else latency[party.name] = await timeOnce(row, party, servers.host, row.perSecond, options.seconds)
            context.progress(`${where}: ${JSON.stringify(throughput[party.name] ?? latency[party.name])}`)
          } catch (error) {
            failures.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
            context.progress(failures.at(-1) ?? '')
          }
        }
        latencies.push(latency)
        throughputs.push(throughput)
      }
      results.push({ row, latencies, throughputs, failures })
    }
    return results
  } finally {
    await servers.close()
  }
}

async function countOnce(
  row: Row, { url, processId }: Party, host: string, { seconds, context }: Pick<MeasureOptions, 'seconds' | 'context'>,
): Promise<Throughput> {
  return await runClosedLoad({
    request: requestFor(payloads[row.payload], url, host), protocol: row.protocol === 'h2' ? 'h2' : 'http/1.1', connections: row.connections, seconds,
    processId, directory: context.directory,
  })
}

async function timeOnce(row: Row, { url }: Party, host: string, perSecond: number, seconds: number): Promise<Latency> {
  const request = requestFor(payloads[row.payload], url, host)
  const samples = await runOpenLoad({ url: request.url, host, connections: row.connections, perSecond, warmUpMs: 500, durationMs: seconds * 1_000 })
  return { p50Ms: percentile(samples, 50), p99Ms: percentile(samples, 99) }
}
