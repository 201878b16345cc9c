import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { sqliteBackend } from './processes/backend.ts'
import { jetStreamBackend } from './processes/jetstream.ts'
import { runHistory } from './run.ts'

/** `npm run test:history`: clients change things at random while control planes, servers and nodes are killed and cut off; then the history is checked. */

const usage = `npm run test:history -- [--seconds 120] [--seed N] [--store sqlite|jetstream]
  --seconds N   how long, without start and end
  --seed N      the same choices as in another run; what they meet differs
  --store NAME  sqlite: one control plane with its file (the default); jetstream: three over three servers of NATS
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '120' }, seed: { type: 'string' }, store: { type: 'string', default: 'sqlite' }, help: { type: 'boolean', default: false },
    },
  })
  const seconds = Number(values.seconds)
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
  const backend = [sqliteBackend, jetStreamBackend].find(({ name }) => name === values.store)
  if (values.help || !(seconds >= 5) || !Number.isInteger(seed) || backend === undefined) {
    process.stderr.write(usage)
    return values.help ? 0 : 2
  }
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())
  return runHistory({ backend, seconds, seed, signal: interrupt.signal })
}

process.exitCode = await main()
