import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Processes } from '../processes.ts'
import { summarize } from '../statistics.ts'
import { measureControlPlane } from './measure.ts'

/** `npm run bench:control-plane -- [--functions N] [--versions-each N] [--nodes N] [--requests N] [--deployments N] [--json]` */

const { values } = parseArgs({
  options: {
    functions: { type: 'string', default: '10000' },
    'versions-each': { type: 'string', default: '10' },
    nodes: { type: 'string', default: '1' },
    'node-processes': { type: 'string', default: '4' },
    requests: { type: 'string', default: '200' },
    deployments: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
})
const load = {
  functions: Number(values.functions), versionsEach: Number(values['versions-each']), nodes: Number(values.nodes),
  nodeProcesses: Number(values['node-processes']), requests: Number(values.requests), deployments: Number(values.deployments),
}
const processes = new Processes()
const directory = await mkdtemp(join(tmpdir(), 'skerry-control-plane-'))
const stop = (): void => void processes.stopAll().finally(() => process.exit(130))
process.once('SIGINT', stop).once('SIGTERM', stop)
try {
  const measured = await measureControlPlane(load, processes, directory, (text) => void process.stderr.write(`${text}\n`))
  if (values.json) process.stdout.write(`${JSON.stringify({ load, ...measured })}\n`)
  else {
    const { rows, storeBytes, memoryBytes, nodesReadyMs, deploymentCpuMs } = measured
    console.table(Object.fromEntries(Object.entries(rows).map(([name, durations]) => {
      const { p50, p90, p99, max } = summarize(durations)
      return [name, Object.fromEntries(Object.entries({ p50, p90, p99, max }).map(([key, value]) => [key, Number(value.toFixed(1))]))]
    })))
    const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
    process.stdout.write(`${load.nodes} nodes caught up in ${nodesReadyMs.toFixed(0)} ms; store ${megabytes(storeBytes)}; control plane ${megabytes(memoryBytes)} of memory, ${deploymentCpuMs.toFixed(1)} ms of CPU time a deployment\n`)
  }
} finally {
  await processes.stopAll()
  await rm(directory, { recursive: true, force: true })
}
