import { listIntervalSeconds } from '../model/control-plane.ts'
import { medianArtifactBytes } from '../model/limits.ts'
import type { Study } from '../study.ts'
import { bytes, duration, percent, rough, whole } from './format.ts'
import { table } from './sections.ts'

/** Of one core: a cell comes up in so much CPU time, as `runtime/supervisor/cell-fleet.ts` has it. */
const cellStartSeconds = 0.25

/** Every table of the document, by the name of its place. */
export function tables(study: Study): Readonly<Record<string, string>> {
  return {
    measured: measured(study), warm: warm(study), nodes: nodes(study), cells: cells(study), functions: functions(study),
    'control-plane': controlPlane(study), balance: balances(study),
  }
}

function measured({ figures: { isolates, warm: request, artifacts, rankings, controlPlanes } }: Study): string {
  const [first] = controlPlanes
  return table(['what', 'figure'], [
    ['an idle isolate of a tiny function', bytes(isolates.isolateBytes)],
    ['a cell without functions, with its blank isolates', bytes(isolates.idleCellBytes)],
    ['a cold start, until the blank isolate is made up for', `${rough(isolates.coldCpuMs)} ms of CPU`],
    ['a warm hello world, in the node’s process / in its cell', `${whole(request.nodeCpuMs * 1_000)} / ${whole(request.cellCpuMs * 1_000)} µs of CPU`],
    [`an artifact, the median of ${artifacts.length} functions in this repository (smallest, largest)`, `${bytes(medianArtifactBytes({ artifacts }))} (${bytes(artifacts[0]?.bytes ?? 0)}, ${bytes(artifacts.at(-1)?.bytes ?? 0)})`],
    ['both revisions of one deployment on the feed', `${bytes(first?.revisionBytes ?? 0)} to each node`],
    ...rankings.map(({ nodes: count, cpuMs }) => [`ranking ${whole(count)} nodes, which a gateway does for each request`, `${rough(cpuMs * 1_000)} µs of CPU`]),
  ])
}

function warm({ sweep, figures }: Study): string {
  const columns = ['what is assumed', 'warm', 'cold starts a second', 'memory of isolates', 'cores for cold starts', 'for requests', 'held after a request']
  return table(columns, sweep.map(({ title, prediction }) => {
    const { warmShare, coldPerSecond, resident, coldCores, requestCores, locations } = prediction
    const held = locations.map(({ heldSeconds }) => heldSeconds)
    const isolateBytes = resident * figures.isolates.isolateBytes
    return [title, percent(warmShare), rough(coldPerSecond), bytes(isolateBytes), rough(coldCores), rough(requestCores), `${rough(Math.min(...held))} to ${rough(Math.max(...held))} s`]
  }))
}

function nodes({ sizings }: Study): string {
  return table(['Zipf exponent', 'from the home region', 'nodes', 'in the largest location', 'warm', 'cold starts a second'], sizings.map(({ exponent, homeShare, sizing }) => [
    String(exponent), percent(homeShare), whole(sizing.nodes), whole(sizing.mostInALocation), percent(sizing.warmShare), rough(sizing.coldPerSecond),
  ]))
}

function cells({ placement, sharedPlacement, figures: { isolates } }: Study): string {
  const columns = ['accounts that share the functions', 'warm', 'isolates held', 'cells', 'their memory', 'cells started', 'cores for that']
  return table(columns, [
    ...placement.map(({ accounts, warmShare, resident, cells: count, cellStartsPerMinute }) => [
      whole(accounts), percent(warmShare), whole(resident), whole(count), bytes(resident * isolates.isolateBytes + count * isolates.idleCellBytes),
      cellStartsPerMinute === 0 ? 'none' : `${rough(cellStartsPerMinute)} a minute`, rough((cellStartsPerMinute / 60) * cellStartSeconds),
    ]),
    ['one pool of isolates for all, of 16 GB', percent(sharedPlacement.warmShare), whole(sharedPlacement.resident), '', bytes(sharedPlacement.resident * isolates.isolateBytes), '', ''],
  ])
}

function functions({ figures: { nodeTables, controlPlanes } }: Study): string {
  const columns = ['functions', 'heap of a node', 'its loop, at each activation', 'state on disk', 'start from it', 'control plane: a deployment', 'a snapshot']
  return table(columns, nodeTables.map((of) => {
    const plane = of.versionsEach === 1 ? controlPlanes.find((each) => each.functions === of.count) : undefined
    const title = of.versionsEach === 1 ? whole(of.count) : `${whole(of.count)} with ${of.versionsEach} versions each`
    return [
      title, bytes(of.stateHeapBytes + of.tableHeapBytes), duration(of.nextTableCpuMs + (of.saveCpuMs ?? 0)),
      of.fileBytes === undefined ? 'can not be written' : bytes(of.fileBytes), of.openCpuMs === undefined ? 'never' : duration(of.openCpuMs),
      plane === undefined ? '' : duration(plane.deploymentCpuMs), plane === undefined ? '' : `${duration(plane.snapshotCpuMs)}, ${bytes(plane.snapshotBytes)}`,
    ]
  }))
}

function controlPlane({ controlPlane: loads }: Study): string {
  const columns = ['nodes', 'core busy while nothing changes', `lists of nodes, every ${listIntervalSeconds} s`, 'deployments a second besides, an empty table']
  return table(columns, loads.map(({ nodes: count, restingCores, listBytesPerSecond, deploymentsPerSecond }) => [
    whole(count), percent(restingCores), `${bytes(listBytesPerSecond)}/s`, deploymentsPerSecond === 0 ? 'none' : rough(deploymentsPerSecond),
  ]))
}

function balances({ balances: all }: Study): string {
  const counts = [...new Set(all.map(({ nodes: count }) => count))]
  const rows = [...new Set(all.map(({ exponent }) => exponent))].map((exponent) => {
    const of = all.filter((each) => each.exponent === exponent)
    return [String(exponent), `${((of[0]?.hottestFunctionShare ?? 0) * 100).toFixed(1)} %`, ...of.map(({ busiestNode }) => `${busiestNode.toFixed(2)}x`)]
  })
  return table(['Zipf exponent', 'the hottest function', ...counts.map((count) => `busiest of ${count} nodes`)], rows)
}
