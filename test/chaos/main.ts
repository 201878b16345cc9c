import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { makeCellBundle } from '../../runtime/supervisor/index.ts'
import { runChaos } from './run.ts'

/** `npm run test:chaos`: kills cells, nodes and gateways at random, beside hostile functions, under steady load, and says what held. */

const usage = `npm run test:chaos -- [--seconds 180] [--seed N]
  --seconds N   how long, without start and aftermath
  --seed N      the same things in the same order as in another run
`

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '180' }, seed: { type: 'string' }, help: { type: 'boolean', default: false } } })
  const seconds = Number(values.seconds)
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
  if (values.help || !(seconds >= 10) || !Number.isInteger(seed)) {
    process.stderr.write(usage)
    return values.help ? 0 : 2
  }
  if (process.platform !== 'linux') {
    process.stderr.write('The chaos test finds cells by /proc, and so runs on Linux only\n')
    return 2
  }
  await makeCellBundle()
  return runChaos({ seconds, seed })
}

process.exitCode = await main()
