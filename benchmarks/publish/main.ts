import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Processes } from '../processes.ts'
import { summarize } from '../statistics.ts'
import { fiftyNodes, measurePublish, type PublishOptions, threeNodes } from './measure.ts'

/** `node benchmarks/publish/main.ts [--fifty] [--nodes N] [--publishes N] [--json]`: from publishing to serving on every node. */

const { values } = parseArgs({
  options: {
    fifty: { type: 'boolean', default: false },
    nodes: { type: 'string' },
    publishes: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const base = values.fifty ? fiftyNodes : threeNodes
const options: PublishOptions = {
  ...base, nodes: Number(values.nodes ?? base.nodes), publishes: Number(values.publishes ?? base.publishes),
}
const processes = new Processes()
const directory = await mkdtemp(join(tmpdir(), 'skerry-publish-'))
const stop = (): void => void processes.stopAll().finally(() => process.exit(130))
process.once('SIGINT', stop).once('SIGTERM', stop)
try {
  const measured = await measurePublish(options, { directory, processes, progress: (text) => void process.stderr.write(`${text}\n`) })
  if (values.json) process.stdout.write(`${JSON.stringify(measured)}\n`)
  else {
    const { versions } = measured
    const rows = {
      upload: versions.map(({ uploadMs }) => uploadMs),
      stored: versions.map(({ storedMs }) => storedMs),
      'first prepared': versions.map(({ firstPreparedMs }) => firstPreparedMs),
      'last prepared': versions.map(({ preparedMs }) => preparedMs),
      'served by a node': versions.flatMap(({ servedMs }) => servedMs),
      'served by every node': versions.map(({ servedMs }) => Math.max(...servedMs)),
      'last activated': versions.map(({ activatedMs }) => activatedMs),
      done: versions.map(({ doneMs }) => doneMs),
    }
    console.table(Object.fromEntries(Object.entries(rows).map(([name, of]) => {
      const { min, p50, p90, p99, max } = summarize(of)
      return [name, Object.fromEntries(Object.entries({ min, p50, p90, p99, max }).map(([key, value]) => [key, Number(value.toFixed(1))]))]
    })))
  }
} finally {
  await processes.stopAll()
  await rm(directory, { recursive: true, force: true })
}
