import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRecord } from '../../../edge-node/feed/parse-record.ts'
import { NodeState } from '../../../edge-node/feed/index.ts'
import { RouteTable } from '../../../edge-node/ingress/index.ts'
import { cpuMillisecondsOf, heapBytes } from './clock.ts'
import { syntheticFunctions } from './synthetic-functions.ts'
import type { FunctionState } from '../../../control-plane/protocol/index.ts'

/**
 * A process of its own, `COUNT VERSIONS`: what so many functions cost a node that holds all of them, by its own classes. Writes one line of JSON.
 * Where the state is more than a string can hold, the file is left out and the line tells so.
 */
const [count = 0, versionsEach = 1] = process.argv.slice(2).map(Number)
const changesTimed = 200
const directory = await mkdtemp(join(tmpdir(), 'skerry-scale-'))
const errors: string[] = []
const readArtifact = () => Promise.reject(new Error('no artifacts here'))
const makeTable = (functions: Iterable<FunctionState>, previous?: RouteTable): RouteTable =>
  new RouteTable({ functions, domain: 'localhost', region: 'fra', readArtifact, ...(previous === undefined ? {} : { previous }) })
try {
  const before = heapBytes()
  const state = await NodeState.open({ directory, onError: (error) => errors.push(error.message) })
  // By way of JSON, as on a node: strings are then as the parser makes them.
  const functions = [...syntheticFunctions({ count, versionsEach, functionsPerAccount: 10 })].map((one) => JSON.parse(JSON.stringify(one)) as FunctionState)
  const position = { epoch: 'epoch', sequence: 1 }
  state.replaceAll(position, functions)
  const withStates = heapBytes()
  const first = await cpuMillisecondsOf(() => makeTable(state.functions))
  const withTable = heapBytes()
  const [changed] = syntheticFunctions({ count: 1, versionsEach, functionsPerAccount: 10 })
  if (changed === undefined) throw new Error('There is no function.')
  state.put({ ...position, sequence: 2 }, [changed])
  const again = await cpuMillisecondsOf(() => {
    for (let round = 0; round < changesTimed; round += 1) first.result.with({ put: [changed], removed: [] })
  })
  // What the node asks whether an artifact that is over its share of the disk may go.
  const hash = changed.versions[0]?.artifactHash ?? ''
  const pinned = await cpuMillisecondsOf(() => {
    for (let round = 0; round < changesTimed; round += 1) state.usesArtifact(hash)
  })
  const functionBytes = Buffer.byteLength(JSON.stringify(functions[Math.floor(count / 2)]))
  const file = await measureFile(state)
  process.stdout.write(`${JSON.stringify({
    count, versionsEach, functionBytes,
    stateHeapBytes: withStates - before, tableHeapBytes: withTable - withStates,
    firstTableCpuMs: first.cpuMs, nextTableCpuMs: again.cpuMs / changesTimed, pinnedCpuMs: pinned.cpuMs / changesTimed, ...file,
  })}\n`)
} finally {
  await rm(directory, { recursive: true, force: true })
}

/** The state file, written and read as at every activation and at every start; and the same as a snapshot of the feed. */
async function measureFile(state: NodeState): Promise<Record<string, unknown>> {
  let saved
  try {
    saved = await cpuMillisecondsOf(() => state.save())
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
  if (errors.length > 0) return { failure: errors.join('; ') }
  const path = join(directory, 'state.json')
  const { size } = await stat(path)
  const [changed] = syntheticFunctions({ count: 1, versionsEach, functionsPerAccount: 10 })
  const change = await cpuMillisecondsOf(async () => {
    for (let round = 0; round < changesTimed; round += 1) {
      state.put({ epoch: 'epoch', sequence: 3 + round }, changed === undefined ? [] : [changed])
      await state.save()
    }
  })
  const opened = await cpuMillisecondsOf(() => NodeState.open({ directory, onError: (error) => errors.push(error.message) }))
  if ([...opened.result.functions].length !== count) return { failure: `the file of ${size} bytes was not read again`, fileBytes: size }
  const { epoch, sequence, functions } = JSON.parse(await readFile(path, 'utf8')) as { epoch: string; sequence: number; functions: unknown[] }
  const line = JSON.stringify({ type: 'snapshot', protocol: 1, epoch, sequence, functions })
  const parsed = await cpuMillisecondsOf(() => parseRecord(line, undefined))
  return { fileBytes: size, saveCpuMs: saved.cpuMs, changeCpuMs: change.cpuMs / changesTimed, openCpuMs: opened.cpuMs, snapshotCpuMs: parsed.cpuMs }
}
