import { judgeBy, judgeRaw, repeat, type Scenario } from './simulate.ts'

/** Figures for docs/decisions/0016-judging-a-roll-out.md: how often good versions are taken back, and bad ones are not. */

const times = Number(process.argv[2] ?? 500)
const judges = [['raw', judgeRaw], ...[5, 7, 9, 12].map((evidence) => [String(evidence), judgeBy(evidence)] as const)] as const
const behaviour = (failing: number, medianMs = 20, stalling = 0): Scenario['old'] => ({ failing, medianMs, stalling })

const good: ReadonlyArray<readonly [name: string, scenario: Scenario]> = [5, 50].flatMap((requestsPerSecond) =>
  [0, 0.001, 0.01, 0.05, 0.2].map((failing) => [`${requestsPerSecond} /s, ${failing * 100} % fail`, { requestsPerSecond, old: behaviour(failing), fresh: behaviour(failing) }] as const))
const clustered: typeof good = [100, 2_000].map((count) => [
  `50 /s of ${count} clients, 1 % of them fail always`, { requestsPerSecond: 50, old: behaviour(0), fresh: behaviour(0), clients: { count, alwaysFailing: count / 100 } },
])
const bad: typeof good = [5, 50].flatMap((requestsPerSecond) => [
  ...[0.02, 0.03, 0.06, 0.21, 1].map((failing) => [`${requestsPerSecond} /s, 1 % fail -> ${failing * 100} %`, { requestsPerSecond, old: behaviour(0.01), fresh: behaviour(failing) }] as const),
  ...[1.3, 2, 3].map((factor) => [`${requestsPerSecond} /s, ${factor} times as slow`, { requestsPerSecond, old: behaviour(0.01), fresh: behaviour(0.01, 20 * factor) }] as const),
  [`${requestsPerSecond} /s, 5 % stall`, { requestsPerSecond, old: behaviour(0.01), fresh: behaviour(0.01, 20, 0.05) }] as const,
])

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
process.stdout.write(`${times} roll-outs each\n\ngood versions taken back\n`)
for (const [name, scenario] of [...good, ...clustered]) {
  process.stdout.write(`${name.padEnd(48)} ${judges.map(([label, judge]) => `${label}: ${percent(repeat(scenario, judge, times, 1).rolledBack)}`).join('  ')}\n`)
}
process.stdout.write('\nbad versions taken back: share, median time and share of traffic by then, requests harmed\n')
for (const [name, scenario] of bad) {
  for (const [label, judge] of judges.filter(([of]) => ['7', '9', '12'].includes(of))) {
    const { rolledBack, medianSeconds, medianPercent, medianHarmed } = repeat(scenario, judge, Math.ceil(times / 5), 2)
    process.stdout.write(`${name.padEnd(34)} ${label.padEnd(4)} ${percent(rolledBack).padStart(8)}  ${String(medianSeconds).padStart(5)} s  at ${medianPercent} %  ${medianHarmed}\n`)
  }
}
