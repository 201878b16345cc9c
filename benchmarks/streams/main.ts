import { parseArgs } from 'node:util'
import { describeMachine, loadAverage } from '../machine.ts'
import { Processes } from '../processes.ts'
import { exchange, type Row, rows } from './rows.ts'
import { type Runtime, startRuntime } from './runtimes.ts'
import { cpuMillisecondsOf } from '../process-tree.ts'

/**
 * `node benchmarks/streams/main.ts [--cpu]`: how fast streams and text are in Skerry, workerd and Node, each in processes of its own, over
 * HTTP on the loopback interface, one request at a time. Figures are medians of alternating rounds. `--cpu` counts the CPU time of the
 * server's processes in place of the clock: what to look at where the machine has other things to do.
 */

const usage = `node benchmarks/streams/main.ts [options]
  --cpu             CPU time of the server's processes in place of the clock (Linux)
  --rounds N        after one that warms up (3)
  --runtimes LIST   of skerry, workerd, node
  --only TEXT       rows whose names contain it
`

const { values } = parseArgs({
  options: {
    cpu: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    runtimes: { type: 'string', default: 'skerry,workerd,node' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(usage)
  process.exit()
}

/** Milliseconds that a row's requests took. */
async function measure(row: Row, { url, processId }: Runtime): Promise<number> {
  const read = (): number => (values.cpu ? cpuMillisecondsOf(processId) : performance.now())
  const start = read()
  for (let count = 0; count < row.requests; count += 1) await exchange(url, row)
  return read() - start
}

function figureOf(row: Row, elapsedMs: number): number {
  const each = elapsedMs / row.requests / row.units
  return row.unit === 'MB/s' ? 1_000 / each : row.unit === 'us' ? each * 1_000 : each
}

const median = (list: readonly number[]): number => list.toSorted((first, second) => first - second)[Math.floor(list.length / 2)] ?? Number.NaN

const chosen = rows.filter(({ name }) => name.includes(values.only))
const figures = new Map<string, number[]>()
const runtimes: Runtime[] = []
const processes = new Processes()
try {
  for (const name of values.runtimes.split(',')) runtimes.push(await startRuntime(name, processes))
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const row of chosen) {
      for (const runtime of round % 2 === 0 ? runtimes : runtimes.toReversed()) {
        const elapsedMs = await measure(row, runtime)
        const key = `${row.name} ${runtime.name}`
        if (round > 0) figures.set(key, [...(figures.get(key) ?? []), figureOf(row, elapsedMs)])
      }
    }
  }
} finally {
  await processes.stopAll()
}

const names = runtimes.map(({ name }) => name)
const table = [
  [values.cpu ? 'by CPU time' : 'by the clock', 'unit', ...names],
  ['---', '---', ...names.map(() => '--:')],
  ...chosen.map(({ name, unit }) => [name, unit, ...names.map((runtime) => median(figures.get(`${name} ${runtime}`) ?? []).toPrecision(3))]),
]
const { cpu, cores } = describeMachine()
process.stdout.write(`${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n${cores} cores, ${cpu}, load average ${loadAverage().toFixed(1)}\n`)
