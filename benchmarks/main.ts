import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { SkerryError } from '../errors/index.ts'
import { type BenchmarkOptions, comparedPeers, guardCount, rowNames, runBenchmarks } from './index.ts'

/** `npm run bench -- [options]`: reads the command line, shows progress on stderr and the report on stdout. */

const usage = `npm run bench -- [options]      everything, in under 15 minutes
  --only ROW          one row, may be repeated: ${rowNames.join(', ')}
  --quick             one short round of everything, under 75 s; its figures are not to be quoted
  --peers LIST        of ${comparedPeers.join(', ')}; "" for none
  --rounds N          medians are taken over N rounds (3)
  --functions N       functions whose cold start is timed in a round (200)
  --gap MS            pause between first requests, for every peer (10; 0: back to back)
  --output DIR        where the JSON and the page go (benchmarks/results)
  --json              the report, raw values included, as JSON on standard output
  --check             exit 1 when a target is missed, too
  --guard             exit 1 when a ratio that must hold on any machine does not, or was not measured
`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      functions: { type: 'string' },
      gap: { type: 'string' },
      output: { type: 'string' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      guard: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)))
  // A row may be named without its flag, as `skerry bench` does.
  const only = [...positionals, ...values.only ?? []]
  const options: BenchmarkOptions = {
    quick: values.quick,
    signal: interrupt.signal,
    progress: (text) => void process.stderr.write(`${text}\n`),
    ...(only.length === 0 ? {} : { only: only.map((part) => oneOf('--only', part, rowNames)) }),
    ...(values.peers === undefined ? {} : { peers: listOf('--peers', values.peers, comparedPeers) }),
    ...(values.rounds === undefined ? {} : { rounds: wholeNumber('--rounds', values.rounds, 1) }),
    ...(values.functions === undefined ? {} : { functions: wholeNumber('--functions', values.functions, 1) }),
    ...(values.gap === undefined ? {} : { coldGapMs: wholeNumber('--gap', values.gap, 0) }),
    ...(values.output === undefined ? {} : { outputDirectory: values.output }),
  }
  const { report, table, files, succeeded } = await runBenchmarks(options)
  const people = values.json ? process.stderr : process.stdout
  people.write(`\n${table}\n\n`)
  for (const file of Object.values(files)) people.write(`${relative(process.cwd(), file)}\n`)
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  const missed = values.check && report.targets.some(({ reached }) => !reached)
  const broken = values.guard && (report.guards.length < guardCount || report.guards.some(({ reached }) => !reached))
  return succeeded && !missed && !broken ? 0 : 1
}

function listOf<const T extends string>(flag: string, text: string, allowed: readonly T[]): readonly T[] {
  return text.split(',').filter((part) => part !== '').map((part) => oneOf(flag, part, allowed))
}

function oneOf<const T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text)
  if (found === undefined) throw new SkerryError('invalid_request', `${name} is one of ${allowed.join(', ')}, not "${text}".`)
  return found
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > 100_000) throw new SkerryError('invalid_request', `${flag} takes a whole number from ${least}, not "${text}".`)
  return value
}

try {
  process.exitCode = await main()
} catch (error) {
  const wrongUsage = error instanceof TypeError || (error instanceof SkerryError && error.code === 'invalid_request')
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${wrongUsage ? `\n${usage}` : ''}`)
  process.exitCode = wrongUsage ? 2 : 1
}
