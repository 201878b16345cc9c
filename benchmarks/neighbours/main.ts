import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { describeMachine, loadAverage } from '../machine.ts'
import { Processes } from '../processes.ts'
import { median, percentile } from '../statistics.ts'
import type { Phase, PhaseResult } from './client-process.ts'
import { type Hog, hogs } from './functions.ts'
import { type Neighbourhood, startSkerry, startWorkerd } from './runtimes.ts'

/**
 * `npm run bench:neighbours`: what a well-behaved function notices of one beside it that is not. It is asked so many times a second, with and
 * without a client for each core that calls the other without pause; what counts is its p99 then to its p99 in quiet, of the same process, seconds
 * apart. Figures are medians of rounds that alternate.
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '200' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})
const settleMs = 3_000
/** A node that just started holds spares and blank isolates ready first. */
const restMs = 10_000

interface Figures {
  readonly quietP99Ms: number
  readonly besideP50Ms: number
  readonly besideP99Ms: number
  readonly ratio: number
  readonly failed: number
  readonly asked: number
  readonly hogAnswersPerSecond: number
}

async function runPhase(phase: Phase): Promise<PhaseResult> {
  const client = fork(join(import.meta.dirname, 'client-process.ts'), { execArgv: [] })
  client.send(phase)
  const [result] = (await once(client, 'message')) as [PhaseResult]
  return result
}

async function measure({ hog, neighbours }: Neighbourhood, title: string): Promise<Figures> {
  const neighbour = neighbours.find((each) => each.title === title)
  if (neighbour === undefined) throw new RangeError(title)
  const durationMs = Number(values.seconds) * 1_000
  const common = { neighbour: neighbour.target, hogClients: availableParallelism(), perSecond: Number(values.rate), settleMs, durationMs }
  const quiet = await runPhase({ ...common, hog: undefined })
  const beside = await runPhase({ ...common, hog })
  const p99 = (of: PhaseResult): number => (of.latenciesMs.length === 0 ? Number.POSITIVE_INFINITY : percentile(of.latenciesMs, 99))
  return {
    quietP99Ms: p99(quiet),
    besideP50Ms: beside.latenciesMs.length === 0 ? Number.POSITIVE_INFINITY : percentile(beside.latenciesMs, 50),
    besideP99Ms: p99(beside),
    ratio: p99(beside) / p99(quiet),
    failed: beside.failed + quiet.failed,
    asked: beside.latenciesMs.length + beside.failed,
    hogAnswersPerSecond: (beside.hogAnswers * 1_000) / (durationMs + settleMs),
  }
}

async function measureHog(hog: Hog): Promise<readonly (readonly [string, readonly Figures[]])[]> {
  const figures = new Map<string, Figures[]>()
  for (let round = 0; round < Number(values.rounds); round++) {
    const starts = [startSkerry, startWorkerd]
    for (const start of round % 2 === 0 ? starts : starts.toReversed()) {
      const processes = new Processes()
      const directory = await mkdtemp(join(tmpdir(), 'skerry-neighbours-'))
      try {
        const neighbourhood = await start(hog, processes, directory)
        await delay(restMs)
        for (const { title } of neighbourhood.neighbours) {
          const measured = await measure(neighbourhood, title)
          process.stderr.write(`${hog.name}: ${title}: p99 ${measured.quietP99Ms.toFixed(2)} to ${measured.besideP99Ms.toFixed(2)} ms, ${measured.failed} failed\n`)
          figures.set(title, [...(figures.get(title) ?? []), measured])
        }
      } finally {
        await processes.stopAll()
        await rm(directory, { recursive: true, force: true })
      }
    }
  }
  return [...figures]
}

const milliseconds = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : 'no answer')
const chosen = hogs.filter(({ name }) => name.includes(values.only))
const results = []
for (const hog of chosen) results.push({ hog: hog.name, rows: await measureHog(hog) })
const over = (all: readonly Figures[], read: (figures: Figures) => number): number => median(all.map(read))
const table = [
  ['the other one', 'neighbour in', 'p99 quiet', 'p50 beside', 'p99 beside', 'ratio', 'failed', "other's answers/s"],
  ['---', '---', '--:', '--:', '--:', '--:', '--:', '--:'],
  ...results.flatMap(({ hog, rows }) => rows.map(([title, all]) => [
    hog, title, milliseconds(over(all, (of) => of.quietP99Ms)), milliseconds(over(all, (of) => of.besideP50Ms)), milliseconds(over(all, (of) => of.besideP99Ms)),
    Number.isFinite(over(all, (of) => of.ratio)) ? over(all, (of) => of.ratio).toFixed(1) : '', `${all.reduce((sum, of) => sum + of.failed, 0)} of ${all.reduce((sum, of) => sum + of.asked, 0)}`,
    over(all, (of) => of.hogAnswersPerSecond).toFixed(1),
  ])),
]
const { cpu, cores } = describeMachine()
process.stdout.write(`${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n${cores} cores, ${cpu}, load average ${loadAverage().toFixed(1)}, ms\n`)
if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`)
