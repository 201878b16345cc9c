import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArtifactFiles } from '../../../edge-node/artifacts/index.ts'
import { cpuMillisecondsOf } from './clock.ts'
import { syntheticFunctions } from './synthetic-functions.ts'

export interface ArtifactBoundCost {
  readonly artifacts: number
  /** CPU time to keep one more. */
  readonly writeCpuMs: number
}

const artifacts = 2_000
const bytesEach = 1_000

/** What it takes to keep one more artifact where those that are served are already more than the disk's share, asked as `edge-node/edge-node.ts` asks. */
export async function measureArtifactBound(): Promise<ArtifactBoundCost> {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-scale-'))
  try {
    const served = [...syntheticFunctions({ count: artifacts, versionsEach: 1, functionsPerAccount: 10 })]
    const hashes = (): Set<string> => new Set(served.flatMap(({ versions }) => versions.map(({ artifactHash }) => artifactHash)))
    for (const hash of hashes()) await writeFile(join(directory, hash), new Uint8Array(bytesEach))
    const files = await ArtifactFiles.open({
      directory, bytesMax: artifacts * bytesEach, isPinned: (hash) => hashes().has(hash),
      onError: (error) => {
        throw error
      },
    })
    const one = new TextEncoder().encode('one more')
    const { cpuMs } = await cpuMillisecondsOf(() => files.write(createHash('sha256').update(one).digest('hex'), one))
    return { artifacts, writeCpuMs: cpuMs }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
