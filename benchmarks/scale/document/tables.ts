import type { Figures } from '../figures.ts'
import { listIntervalSeconds, modelControlPlane, nodesOfOneCore } from '../model/control-plane.ts'
import { codeBounds, medianArtifactBytes, perFunction } from '../model/limits.ts'
import type { Study } from '../study.ts'
import { bound, bytes, duration, percent, rough, whole } from './format.ts'
import { table } from './sections.ts'

/** Of one core: a cell comes up in so much CPU time, as `runtime/supervisor/cell-fleet.ts` has it. */
const cellStartSeconds = 0.25

/** Every table of the document, by the name of its place. */
export function tables(study: Study): Readonly<Record<string, string>> {
  return {
    measured: measuredTable(study.figures), warm: warm(study), nodes: nodes(study), cells: cells(study), functions: functionsTable(study.figures),
    'control-plane': controlPlane(study), balance: balances(study), feed: feed(study), breaks: breaks(study),
  }
}

/** What was measured, but for what grows with the number of functions. */
export function measuredTable({ isolates, warm: request, artifacts, rankings, controlPlanes }: Figures): string {
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

/** What grows with the number of functions. */
export function functionsTable({ nodeTables, controlPlanes }: Figures): string {
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

function feed({ figures, scenario }: Study): string {
  const { functions: count, locations, nodesPerLocation, deploymentsPerDay } = scenario
  const nodeCount = locations * nodesPerLocation
  const secondsPerDay = 86_400
  const line = (title: string, toEach: number): string[] => [title, bytes(toEach), bytes(toEach * nodeCount), `${bytes((toEach * nodeCount) / secondsPerDay)}/s`]
  return table(['a day', 'to each node', `to ${whole(nodeCount)} nodes`, 'on average'], [
    line(`revisions of ${whole(deploymentsPerDay)} deployments of functions with one version`, deploymentsPerDay * (figures.controlPlanes[0]?.revisionBytes ?? 0)),
    line('the same of functions with ten, which an activation carries all of', deploymentsPerDay * ((figures.controlPlanes[0]?.revisionBytes ?? 0) + perFunction(figures, 10) - perFunction(figures, 1))),
    line('their artifacts, which every node fetches', deploymentsPerDay * medianArtifactBytes(figures)),
    line('a snapshot to each node, if it could be sent', count * perFunction(figures, 1)),
    line('all artifacts to each node, if all started with empty disks', count * medianArtifactBytes(figures)),
  ])
}

/** Where the code stops, smallest first; each with the figure that says so. */
function breaks({ limits, figures, placement }: Study): string {
  const { cells: cellCount, cellsPerAccount, cellMemoryBytes, feedSubscribers, prefetchesWaiting } = codeBounds
  const [small, large] = figures.nodeTables.filter(({ versionsEach }) => versionsEach === 1).toSorted((first, second) => first.count - second.count)
  const plane = figures.controlPlanes.find(({ functions: count }) => count === large?.count)
  const ranking = figures.rankings.find(({ nodes: count }) => count === 300)
  const { nodeCpuMs, cellCpuMs } = figures.warm
  const fullest = placement.reduce((most, each) => (each.resident > most.resident ? each : most))
  const activation = (of = small): string => duration((of?.nextTableCpuMs ?? 0) + (of?.saveCpuMs ?? 0))
  return table(['at', 'what happens'], [
    [`${whole(cellsPerAccount * limits.isolatesPerCell)} functions of one account, called`, `isolates of an account fill its ${cellsPerAccount} cells of ${bound(cellMemoryBytes)}, on whatever machine; halves of them are given up. Neither number can be set by \`skerry edge\``],
    [`${whole(fullest.accounts)} accounts with many functions`, `${whole(fullest.resident)} isolates in ${whole(fullest.cells)} cells: ${bytes(fullest.resident * figures.isolates.isolateBytes + fullest.cells * figures.isolates.idleCellBytes)}. A cell has a budget of memory, the node has none`],
    [`${cellCount} accounts with requests`, 'every further account ends the cell of another, with all isolates in it'],
    [`${rough(limits.artifactsOnDisk)} artifacts of ${bytes(medianArtifactBytes(figures))}`, `they are more than the ${bound(codeBounds.artifactBytesOnDisk)} that a node keeps, and none may go: each one more takes ${duration(limits.oneMoreArtifactCpuMs)} of its loop, growing with the square`],
    [`${whole(small?.count ?? 0)} functions`, `each activation takes ${activation()} of every node’s loop, in which no request is answered`],
    [`${rough(limits.functionsOfSnapshotWithTenVersions)} functions with ten versions, ${rough(limits.functionsOfSnapshot)} with one`, `a snapshot is a record of more than ${bound(codeBounds.feedRecordBytes)}, which a node refuses: one that is new, or was away for 1,000 revisions, never comes up`],
    [`${whole(large?.count ?? 0)} functions`, `a deployment takes ${duration(plane?.deploymentCpuMs ?? 0)} of the control plane’s loop, a snapshot ${duration(plane?.snapshotCpuMs ?? 0)}, and ${bytes(plane?.memoryBytes ?? 0)} of memory after two of them; an activation ${activation(large)} of each node’s`],
    [`${whole(prefetchesWaiting)} artifacts to fetch`, 'those beyond are left to the first request'],
    [`${rough(limits.functionsOfString)} functions`, 'the state is longer than a string: no snapshot can be made, and a node that writes its state fails'],
    ['300 nodes', `a gateway ranks all of them for each request, ${rough((ranking?.cpuMs ?? 0) * 1_000)} µs; node and cell together take ${rough((nodeCpuMs + cellCpuMs) * 1_000)} µs to answer it`],
    [`${rough(nodesOfOneCore(modelControlPlane(figures)))} nodes`, 'asking for the list of nodes takes a core of the control plane, which has one loop'],
    [`${whole(feedSubscribers)} nodes`, 'more are refused'],
  ], 'text')
}
