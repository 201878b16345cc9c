import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeMachine } from '../../machine.ts'
import type { PeerContext } from '../../peers/peer.ts'
import { Processes } from '../../processes.ts'
import { type Figures, figuresSchema } from '../figures.ts'
import { measureArtifactBound } from './artifact-bound.ts'
import { measureArtifacts } from './artifacts.ts'
import { measureControlPlane } from './control-plane.ts'
import { measureIsolates } from './isolates.ts'
import { measureRanking } from './ranking.ts'
import { measureWarm } from './warm-requests.ts'

/** Functions and versions of each. A million are more than the code holds, which is told as a failure. */
const tables = [[10_000, 1], [100_000, 1], [10_000, 10], [1_000_000, 1]] as const
const controlPlanes = [
  { functions: 0, nodes: 10, listed: 10, deployments: 30 },
  { functions: 0, nodes: 100, listed: 1_200, deployments: 30 },
  { functions: 10_000, nodes: 2, listed: 2, deployments: 10 },
  { functions: 100_000, nodes: 2, listed: 2, deployments: 3 },
] as const
const rankedNodes = [12, 300, 1_200] as const
const tableHeapMb = 8_000

/** Measures all that the model needs, one thing after the other, in about three minutes. */
export async function measureAll(progress: (text: string) => void): Promise<Figures> {
  const nodeTables = []
  for (const [count, versionsEach] of tables) {
    progress(`a table of ${count} functions, ${versionsEach} versions each`)
    nodeTables.push(await measureTable(count, versionsEach))
  }
  const planes = []
  for (const load of controlPlanes) {
    progress(`a control plane of ${load.functions} functions and ${load.nodes} nodes`)
    planes.push(await measureControlPlane(load))
  }
  const rankings = []
  for (const nodes of rankedNodes) rankings.push(await measureRanking(nodes))
  progress('artifacts')
  const artifacts = await measureArtifacts()
  const artifactBound = await measureArtifactBound()
  progress('isolates')
  const isolates = await inContext(measureIsolates, progress)
  progress('warm requests')
  const warm = await inContext(measureWarm, progress)
  return figuresSchema.parse({
    format: 1, measuredAt: new Date().toISOString(), machine: describeMachine(), isolates, warm, nodeTables, controlPlanes: planes, rankings, artifactBound, artifacts,
  })
}

async function measureTable(count: number, versionsEach: number): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc', `--max-old-space-size=${tableHeapMb}`, join(import.meta.dirname, 'node-table.ts'), String(count), String(versionsEach),
  ])
  return JSON.parse(stdout)
}

async function inContext<T>(measure: (context: PeerContext) => Promise<T>, progress: (text: string) => void): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-scale-'))
  const processes = new Processes()
  try {
    return await measure({ directory, processes, progress })
  } finally {
    await processes.stopAll()
    await rm(directory, { recursive: true, force: true })
  }
}
