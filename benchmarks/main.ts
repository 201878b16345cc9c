import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { SkerryError } from '../errors/index.ts'
import { type BenchmarkOptions, comparedPeers, questions, runBenchmarks } from './index.ts'

/** `npm run bench -- [options]`: reads the command line, shows progress on stderr and the report on stdout. */

const usage = `npm run bench -- [options]
  --quick             one short round of everything, under a minute; its figures are not to be quoted
  --only LIST         of ${questions.join(', ')}
  --peers LIST        of ${comparedPeers.join(', ')}; "" for none
  --rounds N          medians are taken over N rounds (5)
  --functions N       functions whose cold start is timed in a round (200)
  --output DIR        where the JSON and the SVG go (benchmarks/results)
  --check             exit 1 when a target is missed, too
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      functions: { type: 'string' },
      output: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)))
  const options: BenchmarkOptions = {
    quick: values.quick,
    signal: interrupt.signal,
    progress: (text) => void process.stderr.write(`${text}\n`),
    ...(values.only === undefined ? {} : { only: listOf('--only', values.only, questions) }),
    ...(values.peers === undefined ? {} : { peers: listOf('--peers', values.peers, comparedPeers) }),
    ...(values.rounds === undefined ? {} : { rounds: positive('--rounds', values.rounds) }),
    ...(values.functions === undefined ? {} : { functions: positive('--functions', values.functions) }),
    ...(values.output === undefined ? {} : { outputDirectory: values.output }),
  }
  const { report, table, files, succeeded } = await runBenchmarks(options)
  process.stdout.write(`\n${table}\n\n`)
  for (const file of Object.values(files)) process.stdout.write(`${relative(process.cwd(), file)}\n`)
  return succeeded && !(values.check && report.targets.some((target) => !target.reached)) ? 0 : 1
}

function listOf<const T extends string>(flag: string, text: string, allowed: readonly T[]): readonly T[] {
  return text.split(',').filter((part) => part !== '').map((part) => {
    const found = allowed.find((each) => each === part)
    if (found === undefined) throw new SkerryError('invalid_request', `${flag} takes ${allowed.join(', ')}, not "${part}".`)
    return found
  })
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new SkerryError('invalid_request', `${flag} takes a whole number from 1, not "${text}".`)
  return value
}

try {
  process.exitCode = await main()
} catch (error) {
  const wrongUsage = error instanceof TypeError || (error instanceof SkerryError && error.code === 'invalid_request')
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${wrongUsage ? `\n${usage}` : ''}`)
  process.exitCode = wrongUsage ? 2 : 1
}
