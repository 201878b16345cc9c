import { median } from '../statistics.ts'
import type { PartyName, RowResult } from './measure.ts'
import { proxies, type ProxyName } from './proxies.ts'

/** Two tables of medians over the rounds: what each proxy adds to a request's time, and how many requests it passes on and at what cost. */
export function tablesOf(results: readonly RowResult[], names: readonly ProxyName[]): string {
  const timed = results.filter(({ row }) => row.perSecond !== undefined)
  const counted = results.filter(({ row }) => row.perSecond === undefined)
  return [
    ...(timed.length === 0 ? [] : [table(['added latency, p50 / p99 in ms', 'direct', ...titles(names)], timed.map((result) => latencyRow(result, names)))]),
    ...(counted.length === 0 ? [] : [table(['requests a second, CPU of the proxy for each', 'direct', ...titles(names)], counted.map((result) => throughputRow(result, names)))]),
  ].join('\n')
}

const titles = (names: readonly ProxyName[]): string[] => names.map((name) => proxies[name].title)

function latencyRow({ row, latencies }: RowResult, names: readonly ProxyName[]): string[] {
  const pair = (read: (round: (typeof latencies)[number], key: 'p50Ms' | 'p99Ms') => number | undefined): string => {
    const [p50, p99] = (['p50Ms', 'p99Ms'] as const).map((key) => middle(latencies.map((round) => read(round, key))))
    return p50 === undefined || p99 === undefined ? '' : `${p50.toFixed(3)} / ${p99.toFixed(3)}`
  }
  // Where clients speak TLS nobody can be asked directly: then the whole time is told.
  const added = (name: PartyName): string => pair((round, key) => {
    const ofProxy = round[name]?.[key]
    return ofProxy === undefined ? undefined : ofProxy - (round.direct?.[key] ?? 0)
  })
  return [row.title, pair((round, key) => round.direct?.[key]), ...names.map(added)]
}

function throughputRow({ row, throughputs }: RowResult, names: readonly ProxyName[]): string[] {
  const cell = (name: PartyName): string => {
    const perSecond = middle(throughputs.map((round) => round[name]?.perSecond))
    const cpuUs = middle(throughputs.map((round) => round[name]?.cpuUs))
    if (perSecond === undefined) return ''
    return `${Math.round(perSecond).toLocaleString('en')}${cpuUs === undefined ? '' : `, ${cpuUs.toFixed(cpuUs < 100 ? 1 : 0)} us`}`
  }
  return [row.title, cell('direct'), ...names.map(cell)]
}

function middle(values: readonly (number | undefined)[]): number | undefined {
  const present = values.filter((value) => value !== undefined)
  return present.length === 0 ? undefined : median(present)
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map((_, index) => (index === 0 ? '---' : '--:')), ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
