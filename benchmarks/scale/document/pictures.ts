import { codeBounds } from '../model/limits.ts'
import type { Study } from '../study.ts'
import { duration, whole } from './format.ts'
import { lineChart, type Point } from './line-chart.ts'

/** The pictures of the document, by their file names. */
export function pictures(study: Study): Readonly<Record<string, string>> {
  return { 'warm-by-memory.svg': warmByMemory(study), 'warm-by-accounts.svg': warmByAccounts(study), 'cost-by-functions.svg': costByFunctions(study) }
}

const percentTick = (value: number): string => `${Math.round(value)} %`
const classes = ['series-2', 'series-1', 'series-3'] as const

function warmByMemory({ memoryCurves, scenario }: Study): string {
  const points = (of: readonly { readonly isolateGb: number; readonly warmShare: number }[]): Point[] => of.map(({ isolateGb, warmShare }) => [isolateGb, warmShare * 100])
  const atHand = scenario.isolateGbPerNode * scenario.nodesPerLocation
  return lineChart({
    title: 'Warm requests by memory',
    subtitle: `${whole(scenario.functions)} functions, by how steep their popularity is. Lines: Che’s approximation. Dots: simulated.`,
    x: { title: 'GB for isolates in a location, logarithmic', from: 1, to: 500 },
    y: { title: 'requests that find their isolate', kind: 'linear', from: 0, to: 100, format: percentTick },
    curves: memoryCurves.map(({ exponent, predicted, simulated }, index) => ({
      label: `exponent ${exponent}`, className: classes[index % classes.length] ?? 'series-1', points: points(predicted), dots: points(simulated),
    })),
    marks: [{ at: atHand, label: `${scenario.nodesPerLocation} nodes of ${scenario.isolateGbPerNode} GB` }],
  })
}

function warmByAccounts({ placement, sharedPlacement, scenario }: Study): string {
  const today = placement.map(({ accounts, warmShare }): Point => [accounts, warmShare * 100])
  const shared = sharedPlacement.warmShare * 100
  const most = placement.at(-1)?.accounts ?? 1
  return lineChart({
    title: 'Warm requests by how many accounts share a node',
    subtitle: `The same requests to the same ${whole(scenario.functions)} functions, simulated, Zipf exponent ${scenario.exponent}.`,
    x: { title: 'accounts that the functions belong to, logarithmic', from: 1, to: most },
    y: { title: 'requests that find their isolate', kind: 'linear', from: 0, to: 70, format: percentTick },
    curves: [
      { label: 'cells, as today', className: 'series-2', points: today, dots: today },
      { label: `one pool of ${scenario.isolateGbPerNode} GB`, className: 'series-1', points: [[1, shared], [most, shared]] },
    ],
    marks: [{ at: codeBounds.cells, label: `${codeBounds.cells} cells are all there are` }],
  })
}

function costByFunctions({ figures: { nodeTables, controlPlanes }, limits }: Study): string {
  const one = nodeTables.filter(({ versionsEach }) => versionsEach === 1).toSorted((first, second) => first.count - second.count)
  const activation = one.flatMap(({ count, nextTableCpuMs, saveCpuMs }): Point[] => (saveCpuMs === undefined ? [] : [[count, nextTableCpuMs + saveCpuMs]]))
  const start = one.flatMap(({ count, openCpuMs }): Point[] => (openCpuMs === undefined ? [] : [[count, openCpuMs]]))
  const deployments = controlPlanes.flatMap(({ functions, deploymentCpuMs }): Point[] => (functions === 0 ? [] : [[functions, deploymentCpuMs]]))
  return lineChart({
    title: 'What a table that is held whole costs',
    subtitle: 'CPU time on one event loop, measured at the dots. Dashed: beyond it the code refuses, whatever the machine.',
    x: { title: 'functions, logarithmic', from: 10_000, to: 1_000_000, format: whole },
    y: { title: 'CPU time, logarithmic', kind: 'log', from: 50, to: 10_000, format: duration },
    curves: [
      { label: 'node: start from disk', className: 'series-3', points: start, dots: start, labelShift: -10 },
      { label: 'control plane: a deployment', className: 'series-1', points: deployments, dots: deployments, labelShift: 8 },
      { label: 'node: an activation', className: 'series-2', points: activation, dots: activation },
    ],
    marks: [
      { at: limits.functionsOfSnapshotWithTenVersions, label: `${rounded(limits.functionsOfSnapshotWithTenVersions)}: snapshot, ten versions each` },
      { at: limits.functionsOfSnapshot, label: `${rounded(limits.functionsOfSnapshot)}: snapshot` },
      { at: limits.functionsOfString, label: `${rounded(limits.functionsOfString)}: string` },
    ],
  })
}

function rounded(value: number): string {
  return whole(Number(value.toPrecision(2)))
}
