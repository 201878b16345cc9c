import { milliseconds, perSecond } from './report/format.ts'
import { find, type Judgement, type PeerResult, type RowResult } from './results.ts'
import type { RowName } from './settings.ts'

interface Aim {
  readonly row: RowName
  readonly case: string
  readonly title: string
  readonly percent?: number
  /** The aim's two sides: our figure, and the bound, from what was measured of others in the same run. Undefined where one is missing. */
  readonly ours: (result: PeerResult) => number | undefined
  readonly bound: (peer: (name: 'workerd' | 'node-http') => PeerResult | undefined, rows: readonly RowResult[]) => number | undefined
  readonly better: 'lower' | 'higher'
  readonly format: (value: number) => string
  /** Where the bound comes from, such as "1/10 of workerd's". */
  readonly source: string
}

const ms = (value: number): string => `${milliseconds(value)} ms`
const rate = (value: number): string => `${perSecond(value)}/s`
const megabytes = (value: number): string => `${value.toFixed(2)} MB`
const megabytesPerSecond = (value: number): string => `${perSecond(value)} MB/s`
const p50 = (result: PeerResult | undefined): number | undefined => result?.times?.p50
const p99 = (result: PeerResult | undefined): number | undefined => result?.times?.p99
const requests = (result: PeerResult | undefined): number | undefined => result?.figures.requestsPerSecond
const scaled = (value: number | undefined, factor: number): number | undefined => (value === undefined ? undefined : value * factor)

const lowerTime = { better: 'lower', format: ms } as const
const higherRate = { better: 'higher', format: rate } as const

function coldStartAims(row: 'cold-start' | 'cold-start-open'): Aim[] {
  const name = row === 'cold-start' ? 'cold start' : 'cold start at a steady rate'
  return [
    { row, case: 'first', title: `${name}, p50`, percent: 50, ours: p50, bound: (peer) => scaled(p50(peer('workerd')), 1 / 10), source: '1/10 of workerd’s', ...lowerTime },
    { row, case: 'first', title: `${name}, p99`, percent: 99, ours: p99, bound: (peer) => scaled(p99(peer('workerd')), 1 / 3), source: '1/3 of workerd’s', ...lowerTime },
  ]
}

function throughputAims(connections: string): Aim[] {
  const common = { row: 'throughput', case: connections, ours: requests, ...higherRate } as const
  return [
    { ...common, title: `throughput, ${connections} connections, to workerd`, bound: (peer) => scaled(requests(peer('workerd')), 1.5), source: '1.5x workerd’s' },
    { ...common, title: `throughput, ${connections} connections, to node:http`, bound: (peer) => scaled(requests(peer('node-http')), 0.45), source: '0.45x bare node:http’s' },
  ]
}

function bodyAim(kind: string, title: string): Aim {
  return {
    row: 'body', case: kind, title: `1 MB in and out, ${title}`, ours: (result) => result.figures.megabytesPerSecond,
    bound: (peer) => peer('workerd')?.figures.megabytesPerSecond, source: 'workerd’s', better: 'higher', format: megabytesPerSecond,
  }
}

/** What Skerry has set itself to reach beside workerd, in one run on one machine. */
const aims: readonly Aim[] = [
  ...coldStartAims('cold-start'),
  ...coldStartAims('cold-start-open'),
  { row: 'cold-start-large', case: 'first', title: 'cold start of a large bundle, p50', percent: 50, ours: p50, bound: (peer) => scaled(p50(peer('workerd')), 1 / 4), source: '1/4 of workerd’s', ...lowerTime },
  { row: 'cold-start-large', case: 'first', title: 'cold start of a large bundle, p99', percent: 99, ours: p99, bound: (peer) => scaled(p99(peer('workerd')), 1 / 4), source: '1/4 of workerd’s', ...lowerTime },
  { row: 'burst', case: 'first', title: 'burst, the slowest', percent: 100, ours: (result) => result.times?.max, bound: (peer) => scaled(peer('workerd')?.times?.max, 1 / 3), source: '1/3 of workerd’s', ...lowerTime },
  { row: 'after-eviction', case: 'again', title: 'after idleness, p50', percent: 50, ours: p50, bound: (_, rows) => scaled(p50(find(rows, 'after-eviction', 'first', 'skerry')), 1.2), source: '1.2x a cold start’s', ...lowerTime },
  { row: 'latency', case: '1', title: 'one connection, warm, p50', percent: 50, ours: p50, bound: (peer) => p50(peer('workerd')), source: 'workerd’s', ...lowerTime },
  { row: 'latency', case: '1', title: 'one connection, warm, p99', percent: 99, ours: p99, bound: (peer) => p99(peer('workerd')), source: 'workerd’s', ...lowerTime },
  ...throughputAims('32'),
  ...throughputAims('256'),
  { row: 'json-api', case: '32', title: 'JSON API', ours: requests, bound: (peer) => requests(peer('workerd')), source: 'workerd’s', ...higherRate },
  bodyAim('streamed', 'as a stream'),
  bodyAim('whole', 'read whole'),
  { row: 'request-isolation', case: '8', title: 'a fresh isolate for every request', ours: requests, bound: (peer) => scaled(requests(peer('workerd')), 3), source: '3x workerd’s', ...higherRate },
  { row: 'memory', case: 'idle', title: 'memory of an idle function', ours: (result) => result.figures.memoryMb, bound: () => 1, source: 'by itself', better: 'lower', format: megabytes },
  { row: 'memory', case: 'idle', title: 'memory of an idle function, to workerd', ours: (result) => result.figures.memoryMb, bound: (peer) => peer('workerd')?.figures.memoryMb, source: 'workerd’s', better: 'lower', format: megabytes },
  { row: 'publish', case: '3', title: 'publishing to 3 nodes, p50', percent: 50, ours: p50, bound: () => 50, source: 'by itself', ...lowerTime },
  { row: 'publish', case: '50', title: 'publishing to 50 nodes, p99', percent: 99, ours: p99, bound: () => 1_000, source: 'by itself', ...lowerTime },
]

/**
 * What must hold on every machine, however loaded: ratios within one run, with room for the noise of a machine that does other things
 * as well. Each breaks when what it guards is lost: isolates held ready, and the short way of a warm request.
 */
const guards: readonly Aim[] = [
  { row: 'cold-start', case: 'first', title: 'own cold start to own warm request, p50', percent: 50, ours: p50, bound: (_, rows) => scaled(p50(find(rows, 'latency', '1', 'skerry')), 40), source: '40x warm', ...lowerTime },
  { row: 'throughput', case: '32', title: 'own throughput to bare node:http', ours: requests, bound: (peer) => scaled(requests(peer('node-http')), 0.12), source: '0.12x bare node:http’s', ...higherRate },
]

/** What a run that measures everything judges. */
export const guardCount = guards.length

/** The aims that this run measured both sides of. */
export function judgeTargets(rows: readonly RowResult[]): readonly Judgement[] {
  return judge(aims, rows)
}

export function judgeGuards(rows: readonly RowResult[]): readonly Judgement[] {
  return judge(guards, rows)
}

function judge(of: readonly Aim[], rows: readonly RowResult[]): readonly Judgement[] {
  return of.flatMap((aim) => {
    const skerry = find(rows, aim.row, aim.case, 'skerry')
    const ours = skerry === undefined ? undefined : aim.ours(skerry)
    const limit = aim.bound((name) => find(rows, aim.row, aim.case, name), rows)
    if (ours === undefined || limit === undefined) return []
    return [{
      row: aim.row, case: aim.case, title: aim.title,
      reached: aim.better === 'lower' ? ours <= limit : ours >= limit,
      measured: aim.format(ours),
      bound: `${aim.better === 'lower' ? 'at most' : 'at least'} ${aim.format(limit)}${aim.source === 'by itself' ? '' : ` (${aim.source})`}`,
      limit,
      ...(aim.percent === undefined ? {} : { percent: aim.percent }),
    }]
  })
}
