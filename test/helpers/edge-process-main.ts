import { text } from 'node:stream/consumers'
import { type LocalEdgeOptions, startLocalEdge } from '../../edge-node/index.ts'
import type { EdgeProcessOptions } from './edge-process.ts'
import { functionState, hashOf, versionRecord } from './function-states.ts'

/** The process of `startEdgeProcess`: reads what to run, prints its URL, and ends on SIGTERM. */

const { functions, settings } = JSON.parse(await text(process.stdin)) as EdgeProcessOptions
const defaults: LocalEdgeOptions = {
  name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, domain: 'localhost', allowOutbound: [],
  allowLocationHeader: false, trustedProxies: [], runtime: { blankIsolates: 2, spareCells: 1 },
}
const edge = await startLocalEdge({ ...defaults, ...settings })
const scripts = new Map(Object.values(functions).map(({ script }) => [hashOf(script), Buffer.from(script)]))
const states = Object.entries(functions).map(([name, { script, account = 'default', config = {} }]) =>
  functionState(name, { account, versions: [versionRecord(name, 1, { script, account, config })] }))
await edge.setFunctions(states, (hash) => {
  const script = scripts.get(hash)
  if (script === undefined) throw new Error(`no script ${hash}`)
  return script
})
process.once('SIGTERM', () => {
  void edge.close().finally(() => process.exit(0))
})
process.stdout.write(`${edge.url}\n`)
