import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine, gitRevision, loadAverage } from '../machine.ts'
import { Processes } from '../processes.ts'
import { backEndNames } from './back-ends.ts'
import { measureAll } from './measure.ts'
import { type ProxyName, proxyNames, proxies } from './proxies.ts'
import { rows } from './rows.ts'
import { tablesOf } from './tables.ts'

/**
 * `npm run bench:gateway`: the gateway beside haproxy, nginx and the barest proxy that Node can be, before the same two servers, in one run and
 * in rounds that alternate. See docs/gateway-benchmark.md.
 */

const usage = `npm run bench:gateway -- [options]      needs haproxy, nginx, wrk, h2load (nghttp2-client) and openssl
  --rounds N        medians are taken over N rounds (3)
  --seconds N       each measurement takes N seconds (2)
  --only TEXT       rows whose name contains it, may be repeated: ${rows.map(({ name }) => name).join(', ')}
  --proxies LIST    of ${proxyNames.join(', ')}
  --json            raw values, as JSON on standard output
`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', multiple: true },
    proxies: { type: 'string', default: proxyNames.join(',') },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(usage)
  process.exit()
}

const asked = values.proxies.split(',')
const versions: Record<string, string> = {}
const present: ProxyName[] = []
for (const name of proxyNames.filter((each) => asked.includes(each))) {
  const presence = await proxies[name].detect()
  if (!presence.present) throw new Error(presence.reason)
  versions[name] = presence.version
  present.push(name)
}
const before = loadAverage()
const chosen = rows.filter(({ name }) => values.only?.some((text) => name.includes(text)) ?? true)
const results = []
for (const name of backEndNames) {
  const ofBackEnds = chosen.filter(({ backEnds }) => backEnds === name)
  if (ofBackEnds.length === 0) continue
  const processes = new Processes()
  const directory = await mkdtemp(join(tmpdir(), 'skerry-gateway-benchmark-'))
  try {
    results.push(...await measureAll({
      backEnds: name, rows: ofBackEnds, proxies: present, rounds: Number(values.rounds), seconds: Number(values.seconds),
      context: { directory, processes, progress: (text) => void process.stderr.write(`${text}\n`) },
    }))
  } finally {
    await processes.stopAll()
    await rm(directory, { recursive: true, force: true })
  }
}
const about = { gitRevision: await gitRevision(), machine: describeMachine(), loadAverage: { before, after: loadAverage() }, versions }
const failures = results.flatMap((result) => result.failures)
if (failures.length > 0) {
  process.stderr.write(`not measured:\n${failures.join('\n')}\n`)
  process.exitCode = 1
}
if (values.json) process.stdout.write(`${JSON.stringify({ ...about, results })}\n`)
else process.stdout.write(`${tablesOf(results, present)}\n${JSON.stringify(about, undefined, 1)}\n`)
