import { constants } from 'node:buffer'
import type { Figures } from '../figures.ts'

/** Bounds of the code as it stands, by where they are written. */
export const codeBounds = {
  /** `edge-node/feed/lines.ts` */
  feedRecordBytes: 256 * 1024 * 1024,
  /** `edge-node/edge-node.ts`: beyond it artifacts that nothing serves go, and those that are served stay. */
  artifactBytesOnDisk: 2 * 1024 * 1024 * 1024,
  /** `edge-node/feed/applier.ts` */
  prefetchesWaiting: 100_000,
  /** `control-plane/api/node-routes.ts` */
  feedSubscribers: 2_000,
  /** `runtime/supervisor/edge-runtime.ts`; none of these can be set from the command line. */
  cells: 64, cellsPerAccount: 2, cellMemoryBytes: 1_024 * 1024 * 1024,
  /** Characters of V8's longest string: what becomes one JSON text can be no longer. */
  stringLength: constants.MAX_STRING_LENGTH,
} as const

export interface Limits {
  /** Isolates that a cell holds before it gives up half of them. */
  readonly isolatesPerCell: number
  /** Functions with one version, and with ten, whose snapshot is more than a node takes from the feed. */
  readonly functionsOfSnapshot: number
  readonly functionsOfSnapshotWithTenVersions: number
  /** Functions whose state is more than a string. */
  readonly functionsOfString: number
  /** Artifacts of the median size that are as many bytes as a node keeps before it looks for what may go. */
  readonly artifactsOnDisk: number
  /** What one more costs there, ms of CPU: each is looked at, and for each the hashes of all are gathered. */
  readonly oneMoreArtifactCpuMs: number
}

export function deriveLimits(figures: Figures): Limits {
  const { isolates, artifacts, artifactBound } = figures
  const artifactsOnDisk = Math.floor(codeBounds.artifactBytesOnDisk / medianArtifactBytes({ artifacts }))
  const one = perFunction(figures, 1)
  const ten = perFunction(figures, 10)
  return {
    isolatesPerCell: Math.floor((codeBounds.cellMemoryBytes - isolates.idleCellBytes) / isolates.isolateBytes),
    functionsOfSnapshot: Math.floor(codeBounds.feedRecordBytes / one),
    functionsOfSnapshotWithTenVersions: Math.floor(codeBounds.feedRecordBytes / ten),
    functionsOfString: Math.floor(codeBounds.stringLength / one),
    artifactsOnDisk,
    oneMoreArtifactCpuMs: artifactBound.writeCpuMs * (artifactsOnDisk / artifactBound.artifacts) ** 2,
  }
}

/** Bytes of one function in the state, by the largest table that was measured. */
export function perFunction({ nodeTables }: Pick<Figures, 'nodeTables'>, versionsEach: number): number {
  const largest = nodeTables.filter((table) => table.versionsEach === versionsEach).toSorted((first, second) => second.count - first.count)[0]
  if (largest === undefined) throw new Error(`No table with ${versionsEach} versions each was measured.`)
  return largest.functionBytes
}

export function medianArtifactBytes({ artifacts }: Pick<Figures, 'artifacts'>): number {
  return artifacts[Math.floor(artifacts.length / 2)]?.bytes ?? 0
}
