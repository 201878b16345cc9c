/**
 * `npm start`: a local cluster, an example published on it and called from three continents. Stays up, or with `--once` exits
 * with 0 where everything was as it should be.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCellBundle } from '../runtime/supervisor/index.ts'
import { writeCredentials } from '../sdk/cli/credentials.ts'
import { startCluster } from '../sdk/cli/cluster/index.ts'
import { packageRoot } from '../sdk/cli/package-root.ts'
import { formatTable } from '../sdk/cli/table.ts'
import { createClient } from '../sdk/index.ts'
import { callFrom, type City, type Visit } from './visit.ts'

const cities: readonly City[] = [
  { name: 'Berlin', location: '52.52,13.41', region: 'fra' },
  { name: 'New York', location: '40.71,-74.01', region: 'iad' },
  { name: 'Singapore', location: '1.35,103.82', region: 'sin' },
]

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    // Not `once`: npm passes on what the terminal also sends, and the second signal would cut the closing off.
    process.on('SIGINT', () => resolve())
    process.on('SIGTERM', () => resolve())
  })
}

function visitTable(visits: readonly Visit[]): string {
  const rows = visits.map(({ city, cold, warm }) => [
    city.name, cold.region, cold.node, cold.startKind, milliseconds(cold.startMs), milliseconds(cold.totalMs), warm.startKind, milliseconds(warm.totalMs),
  ])
  return formatTable(['client in', 'region', 'node', 'first', 'isolate start', 'in all', 'then', 'in all (median)'], rows)
}

function nextCommands(functionUrl: string, gatewayUrl: string): string {
  const host = new URL(functionUrl).host
  return [
    'Try next, in another terminal in this folder:',
    `  curl -H 'host: ${host}' '${gatewayUrl}/?name=you'`,
    `  curl -H 'host: ${host}' -H 'x-skerry-location: 35.68,139.69' ${gatewayUrl}/    # as a client in Tokyo`,
    '  node bin/skerry.js nodes',
    '  node bin/skerry.js versions hello',
    '  node bin/skerry.js tail hello    # then call it again',
    '  node bin/skerry.js init .skerry/mine && node bin/skerry.js deploy .skerry/mine    # a function of your own',
    `  curl -H 'host: mine.${host.slice(host.indexOf('.') + 1)}' '${gatewayUrl}/?name=you'`,
    'Stop with Ctrl-C.',
  ].join('\n')
}

async function run(once: boolean): Promise<number> {
  const root = packageRoot()
  const dataDirectory = await mkdtemp(join(tmpdir(), 'skerry-start-'))
  const lines: string[] = []
  say('Starting control plane, gateway, DNS and nodes in fra, iad and sin ...')
  await makeCellBundle()
  const cluster = await startCluster({
    regions: ['fra', 'iad', 'sin'],
    port: 8080,
    dataDirectory,
    domain: 'localhost',
    allowOutbound: [],
    onLine: (label, line) => {
      lines.push(`${label} | ${line}`)
      if (lines.length > 200) lines.shift()
    },
  })
  try {
    const { controlPlane, gateway, token } = cluster.description
    await writeCredentials(root, { url: controlPlane, token })
    const client = createClient({ url: controlPlane, token })
    const { functions, nodes, propagationMs } = await client.publish({ directory: join(root, 'examples', 'hello'), message: 'npm start' })
    await client.close()
    const functionUrl = functions[0]?.url ?? `${gateway}/`
    say(`Published examples/hello: it serves on ${nodes.length} nodes, ${milliseconds(propagationMs)} after the release.\n`)
    const visits: Visit[] = []
    for (const city of cities) visits.push(await callFrom(city, functionUrl))
    say(visitTable(visits))
    const complaints = visits.flatMap(({ complaints: found }) => found)
    for (const complaint of complaints) say(`wrong: ${complaint}`)
    if (complaints.length > 0) say(`\nThe last lines of the processes:\n${lines.slice(-30).join('\n')}`)
    if (once) return complaints.length === 0 ? 0 : 1
    say(`\n${nextCommands(functionUrl, gateway)}`)
    await untilStopped()
    return complaints.length === 0 ? 0 : 1
  } catch (error) {
    say(`The last lines of the processes:\n${lines.slice(-30).join('\n')}`)
    throw error
  } finally {
    await cluster.close()
    await rm(dataDirectory, { recursive: true, force: true })
  }
}

try {
  process.exitCode = await run(process.argv.includes('--once'))
} catch (error) {
  say(error instanceof Error ? `failed: ${error.message}` : String(error))
  process.exitCode = 1
}
